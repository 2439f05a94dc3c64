/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/reading.h"

#include <errno.h>
#include <string.h>

/* So many broken lines and no record yet: it is something else. */
enum { BROKEN_MAX = 1000 };

static int refuse(const char *name, const denet_error *error) {
        if (error->code == -ENOENT)
                dn_say("%s: no such file; give one that denet -o FILE run wrote", name);
        else if (error->code == -EISDIR)
                dn_say("%s: a directory; name a file in it", name);
        else if (error->code == -EACCES || error->code == -EPERM)
                dn_say("%s: you may not read it; chmod +r %s", name, name);
        else if (error->code == -ELIBACC)
                dn_say("%s", error->text);
        else
                dn_say("%s: %s; give a file that denet -o FILE run wrote", name, strerror(-error->code));
        return DN_STATUS_OWN_ERROR;
}

int dn_reading_open(struct dn_reading *r, struct dn_cli *cli, const char *path, bool progress) {
        denet_error error;

        *r = (struct dn_reading){.reader = cli->command->name};
        r->name = strcmp(path, "-") == 0 ? "standard input" : path;
        if (denet_read(&r->stream, &cli->o, path, &error) < 0)
                return refuse(r->name, &error);
        dn_progress_begin(&r->progress, r->name, progress && !cli->quiet);
        return 0;
}

static int refuse_all(struct dn_reading *r) {
        dn_progress_clear(&r->progress);
        dn_say("%s: line %llu is no denet record; %s reads what denet -o FILE run wrote", r->name,
               (unsigned long long)r->broken_lines[0], r->reader);
        return -DN_STATUS_OWN_ERROR;
}

static void say_left_out(struct dn_reading *r, uint64_t line) {
        dn_progress_clear(&r->progress);
        dn_say("%s: line %llu is no denet record; left out", r->name, (unsigned long long)line);
}

/* Not said before the first record: where none comes, the whole file is something else. */
static int note_broken(struct dn_reading *r) {
        uint64_t line = denet_line(r->stream);

        if (r->broken < DN_READING_SAID) {
                r->broken_lines[r->broken] = line;
                if (r->records > 0)
                        say_left_out(r, line);
        }
        r->broken++;
        return r->records == 0 && r->broken == BROKEN_MAX ? refuse_all(r) : 0;
}

static void note_record(struct dn_reading *r) {
        if (r->records++ > 0)
                return;
        for (uint64_t i = 0; i < r->broken && i < DN_READING_SAID; i++)
                say_left_out(r, r->broken_lines[i]);
}

/* WHY; WHAT TO DO, of a file that cannot be read on. */
static const char *why(int error) {
        switch (error) {
        case -EUCLEAN: return "what is compressed in it is damaged; zstd -dc, or gzip -dc, saves what can be saved";
        case -EFBIG: return "a line in it does not end; is it a file that denet wrote?";
        default: return strerror(-error);
        }
}

static int end(struct dn_reading *r, int error) {
        dn_progress_clear(&r->progress);
        if (r->records == 0 && r->broken > 0 && error == 0)
                return refuse_all(r);
        if (r->broken > DN_READING_SAID)
                dn_say("%s: %llu lines are no denet records; all were left out", r->name,
                       (unsigned long long)r->broken);
        if (error < 0)
                dn_say("%s: %s", r->name, why(error));
        else if (r->records == 0)
                dn_say("%s: no records in it; %s reads what denet -o FILE run wrote", r->name, r->reader);
        return error < 0 || r->records == 0 ? -DN_STATUS_OWN_ERROR : 0;
}

int dn_reading_next(struct dn_reading *r, const denet_record **ret_record) {
        for (;;) {
                int result = denet_next(r->stream, -1, ret_record);

                dn_progress_show(&r->progress, r->stream);
                if (result == 1) {
                        note_record(r);
                        return 1;
                }
                if (result == -EBADMSG) {
                        result = note_broken(r);
                        if (result < 0)
                                return result;
                } else if (result != -EINTR)
                        return end(r, result);
        }
}

void dn_reading_close(struct dn_reading *r) {
        dn_progress_clear(&r->progress);
        r->stream = denet_free(r->stream);
}
