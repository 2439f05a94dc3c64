/* SPDX-License-Identifier: GPL-3.0-or-later
 * Records of what is, not of what was used: env, metadata, child. */
#include "base/guard.h"
#include "base/json_write.h"
#include "base/slots.h"
#include "host/clock.h"
#include "sources/env.h"
#include "stream/stream.h"

#include <fcntl.h>

/* What was last said of the process in this slot. */
struct said {
        struct dn_key key;
        int64_t exec_mark;
        uint64_t name, command; /* hashes */
};

struct dn_facts {
        struct said *by_slot;
        uint32_t room;
        bool begun; /* those that were there at the beginning have been looked at */
        struct dn_text cmdline, exe, line;
        struct dn_text metadata; /* that record, without its capabilities and its end */
};

/* FNV-1a: to notice a change, no more. */
static uint64_t hash(uint64_t h, struct dn_str s) {
        for (size_t i = 0; i < s.n; i++)
                h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3ULL;
        return h;
}

static const uint64_t seed = 0xcbf29ce484222325ULL;

int dn_facts_open(struct denet *d) {
        d->facts = calloc(1, sizeof(*d->facts));
        return d->facts ? 0 : -ENOMEM;
}

void dn_facts_close(struct denet *d) {
        struct dn_facts *f = d->facts;

        if (!f)
                return;
        free(f->by_slot);
        dn_text_free(&f->cmdline);
        dn_text_free(&f->exe);
        dn_text_free(&f->line);
        dn_text_free(&f->metadata);
        free(f);
}

void dn_facts_forget(struct denet *d, uint32_t slot) {
        if (slot < d->facts->room)
                d->facts->by_slot[slot] = (struct said){0};
}

static struct said *said_of(struct dn_facts *f, uint32_t slot) {
        struct said *by_slot = dn_slots_reserve(f->by_slot, &f->room, slot, sizeof(*by_slot));

        if (!by_slot)
                return NULL;
        f->by_slot = by_slot;
        return &by_slot[slot];
}

/* Reads command line and executable; returns their hash. */
static uint64_t read_command(struct denet *d, int64_t pid) {
        struct dn_facts *f = d->facts;

        dn_text_reset(&f->cmdline);
        dn_text_reset(&f->exe);
        if (dn_platform_text(d->target.procfs, pid, DN_TEXT_CMDLINE, &f->cmdline) < 0)
                dn_text_reset(&f->cmdline);
        if (dn_platform_text(d->target.procfs, pid, DN_TEXT_EXE, &f->exe) < 0)
                dn_text_reset(&f->exe);
        return hash(hash(seed, dn_text_str(&f->cmdline)), dn_text_str(&f->exe));
}

static int say_child(struct denet *d, const struct dn_row *row) {
        struct dn_facts *f = d->facts;
        struct dn_child child = {
                .unix_ms = d->sample.unix_ms, /* not when it was read, which is later: records are in order of time */
                .pid = row->key.pid,
                .ppid = row->parent.pid,
                .cmdline = dn_text_str(&f->cmdline),
                .exe = dn_text_str(&f->exe),
        };

        dn_write_child(&f->line, &child);
        return dn_stream_queue_text(d, DN_CHILD, child.unix_ms, &f->line);
}

static int look_at(struct denet *d, const struct dn_row *row, bool always) {
        struct said *said = said_of(d->facts, row->slot);
        int64_t mark = dn_row_or_zero(row, DN_exec_mark);
        uint64_t name = hash(seed, row->name), command;
        bool is_new;

        if (!said)
                return -ENOMEM;
        is_new = !dn_key_equal(said->key, row->key);
        if (!is_new && said->exec_mark == mark && said->name == name)
                return 0;
        command = read_command(d, row->key.pid);
        if (!is_new && said->command == command) {
                said->exec_mark = mark;
                said->name = name;
                return 0;
        }
        *said = (struct said){row->key, mark, name, command};
        return is_new && !always ? 0 : say_child(d, row);
}

int dn_facts_children(struct denet *d) {
        const struct dn_table *rows = &d->last->part[DN_PROCESS];

        for (uint32_t i = 0; i < rows->n; i++) {
                const struct dn_row *row = dn_table_row(rows, i);
                bool is_main = dn_key_equal(row->key, d->target.main);
                bool is_same = d->facts->begun && row->changed < d->last->number;
                int r = is_same || dn_row_ended(row) ? 0 : look_at(d, row, !is_main);

                if (r < 0)
                        return r;
        }
        d->facts->begun = true;
        return 0;
}

static void write_io(struct denet *d, struct dn_json *json) {
        const struct dn_row *row = dn_table_row(&d->last->part[DN_PROCESS], 0);
        bool available = row->has >> DN_syscall_read_bytes & 1;

        dn_json_key(json, DN_STR("io"));
        dn_json_object(json);
        dn_json_key_bool(json, DN_STR("available"), available);
        if (!available) {
                dn_json_key_string(json, DN_STR("reason"),
                                   DN_STR("/proc/PID/io may not be read; it needs CAP_SYS_PTRACE"));
                dn_json_key_string(json, DN_STR("hint"), DN_STR("run denet as root, or as the process's user"));
        }
        dn_json_object_end(json);
}

static void write_cgroup(const struct denet *d, struct dn_json *json) {
        const struct dn_cgroup *c = &d->cgroup;
        struct dn_str rest = dn_text_str(&c->controllers), word;

        dn_json_key(json, DN_STR("cgroup"));
        dn_json_object(json);
        dn_json_key_bool(json, DN_STR("available"), c->version > 0);
        if (c->version > 0) {
                dn_json_key_i64(json, DN_STR("version"), c->version);
                dn_json_key_bool(json, DN_STR("own"), c->own);
                dn_json_key_string(json, DN_STR("path"), dn_text_str(&c->path));
                dn_json_key(json, DN_STR("controllers"));
                dn_json_array(json);
                while (dn_str_word(&rest, &word))
                        dn_json_string(json, word);
                dn_json_array_end(json);
        }
        if (d->o.cgroup == DENET_OFF)
                dn_json_key_string(json, DN_STR("reason"), DN_STR("turned off"));
        else if (!c->own && c->why.n > 0)
                dn_json_key_string(json, DN_STR("reason"), dn_text_str(&c->why));
        if (!c->own && c->hint.n > 0)
                dn_json_key_string(json, DN_STR("hint"), dn_text_str(&c->hint));
        dn_json_object_end(json);
}

/* What a source says of itself; the object stays open for more. */
static void begin_said(struct dn_json *json, const struct dn_said *said) {
        struct dn_str hint = dn_text_str(&said->why), reason;

        dn_json_key(json, dn_str_of(said->name));
        dn_json_object(json);
        dn_json_key_bool(json, DN_STR("available"), said->can != DN_CAN_NOT);
        if (said->can == DN_CAN_PARTLY)
                dn_json_key_bool(json, DN_STR("partial"), true);
        if (dn_str_cut(&hint, '\n', &reason) && reason.n > 0)
                dn_json_key_string(json, DN_STR("reason"), reason);
        if (hint.n > 0)
                dn_json_key_string(json, DN_STR("hint"), hint);
}

static void write_said(struct denet *d, struct dn_json *json, const char *name) {
        const struct dn_said *said = dn_sample_said(d, name);

        if (!said)
                return;
        begin_said(json, said);
        dn_json_object_end(json);
}

/* With the names of what it has. */
static void write_listed(struct denet *d, struct dn_json *json, const char *name, struct dn_str list) {
        const struct dn_said *said = dn_sample_said(d, name);
        dn_autotext struct dn_text names = {0};
        struct dn_str rest, word;

        if (!said)
                return;
        dn_sample_list(d, name, &names);
        rest = dn_text_str(&names);
        begin_said(json, said);
        dn_json_key(json, list);
        dn_json_array(json);
        while (dn_str_word(&rest, &word))
                dn_json_string(json, word);
        dn_json_array_end(json);
        dn_json_object_end(json);
        json->text->failed |= names.failed;
}

/* `system`: the kernel keeps account of it; `per_process`: what is in the records is of the job's cgroup alone. */
static void write_psi(struct denet *d, struct dn_json *json) {
        const struct dn_said *said = dn_sample_said(d, "psi");
        const struct dn_table *rows = &d->last->part[DN_PSI_MEM];
        const char *scope = rows->n > 0 ? dn_row_text(dn_table_row(rows, 0), DN_PSI_MEM_scope) : NULL;

        if (!said)
                return;
        begin_said(json, said);
        dn_json_key_bool(json, DN_STR("system"), said->can != DN_CAN_NOT);
        dn_json_key_bool(json, DN_STR("per_process"), scope && strcmp(scope, "cgroup") == 0);
        if (scope)
                dn_json_key_string(json, DN_STR("scope"), dn_str_of(scope));
        dn_json_object_end(json);
}

static void write_capabilities(struct denet *d, struct dn_text *text) {
        struct dn_json json = {.text = text};

        dn_json_object(&json);
        write_io(d, &json);
        write_psi(d, &json);
        write_listed(d, &json, "perf_hw", DN_STR("events"));
        write_listed(d, &json, "rapl", DN_STR("zones"));
        write_said(d, &json, "gpu");
        write_said(d, &json, "ebpf");
        write_cgroup(d, &json);
        dn_json_object_end(&json);
}

static int say_env(struct denet *d, const struct dn_env_roots *roots) {
        dn_autotext struct dn_text line = {0};

        dn_env_write(&line, roots, d->start_unix_ms, d->o.cwd, d->o.output);
        return dn_stream_queue_text(d, DN_ENV, d->start_unix_ms, &line);
}

/* The record with the capabilities as they are now, which come last in it. */
static int queue_metadata(struct denet *d) {
        dn_autotext struct dn_text line = {0}, capabilities = {0};
        struct dn_json json = {.text = &line, .comma = true};

        write_capabilities(d, &capabilities);
        dn_text_put_text(&line, &d->facts->metadata);
        dn_json_key(&json, DN_STR("capabilities"));
        dn_json_raw(&json, dn_text_str(&capabilities));
        dn_json_object_end(&json);
        line.failed |= capabilities.failed || d->facts->metadata.failed;
        return dn_stream_queue_text(d, DN_METADATA, d->start_unix_ms, &line);
}

static int say_metadata(struct denet *d, const struct dn_env_roots *roots, char *const *argv) {
        dn_autotext struct dn_text host = {0}, found = {0};
        struct dn_text *metadata = &d->facts->metadata;
        struct dn_metadata m = {
                .t0_ms = d->start_unix_ms,
                .pid = d->target.main.pid,
                .argv = argv,
                .cmdline = dn_text_str(&d->facts->cmdline),
                .executable = dn_text_str(&d->facts->exe),
                .version = dn_str_of(denet_version()),
                .cores = dn_usable_cores(),
                .memory_total_kb = dn_memory_total_kb(roots->proc),
                .memory_limit_kb = dn_memory_limit_kb(roots->proc, roots->sys),
                .interval_ms = d->o.interval_ms,
                .max_interval_ms = d->o.max_interval_ms,
        };

        /* A command that has ended already has no exe any more. */
        if (m.executable.n == 0 && argv && dn_spawn_find(argv[0], d->o.env, &found))
                m.executable = dn_text_str(&found);
        dn_hostname(roots->proc, &host);
        m.host = dn_text_str(&host);
        dn_write_metadata(metadata, &m);
        if (metadata->n > 0)
                metadata->n--;
        (void)dn_sample_look_at_abilities(d);
        return queue_metadata(d);
}

int dn_facts_abilities(struct denet *d) {
        int changed = dn_sample_look_at_abilities(d);

        return changed > 0 ? queue_metadata(d) : changed;
}

int dn_facts_begin(struct denet *d, char *const *argv) {
        dn_autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dn_autoclose int sys = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dn_autoclose int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dn_env_roots roots = {proc, sys, top};
        const struct dn_row *main = dn_table_row(&d->last->part[DN_PROCESS], 0);
        struct said *said = said_of(d->facts, main->slot);
        int r = 0;

        if (!said)
                return -ENOMEM;
        *said = (struct said){.key = main->key, .command = read_command(d, main->key.pid)};
        if (d->o.flags & DENET_WRITE_ENV)
                r = say_env(d, &roots);
        return r < 0 ? r : say_metadata(d, &roots, argv);
}
