/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/groups.h"
#include "base/guard.h"
#include "cli/take.h"

static const double few_secs = 0.1, steps_per_sec = 1e6;
enum { GROUPS_MAX = 512 }; /* further names share one */

void dn_groups_free(struct dn_groups *g) {
        for (size_t i = 0; i < g->n; i++) {
                free(g->list[i].label);
                free(g->list[i].command);
        }
        free(g->list);
}

/* --------------------------------------------------------------------------------------------------------- labels */

static struct dn_str base_name(struct dn_str path) {
        const char *slash = path.n ? memrchr(path.p, '/', path.n) : NULL;

        return slash ? (struct dn_str){slash + 1, path.n - (size_t)(slash - path.p) - 1} : path;
}

/* Programs whose first argument that is no option says what they do. */
static bool interprets(struct dn_str program) {
        static const char *const names[] = {"python",  "perl", "ruby", "node", "java",
                                            "Rscript", "bash", "dash", "sh",   "zsh"};

        for (size_t i = 0; i < DN_COUNT(names); i++)
                if (dn_str_starts(program, dn_str_of(names[i])))
                        return true;
        return false;
}

/* "samtools sort", "python3 qc.py", "cc": an option, a path of data or a whole script says nothing of a kind. */
static bool is_telling(struct dn_str argument) {
        enum { LONGEST = 24 };

        return argument.n > 0 && argument.n <= LONGEST && argument.p[0] != '-' && argument.p[0] > '9' &&
               !memchr(argument.p, ' ', argument.n) && !memchr(argument.p, '\n', argument.n) &&
               !memchr(argument.p, '=', argument.n);
}

/* Takes the cmd array. */
static char *take_label(struct dn_scan *scan, bool *failed) {
        struct dn_text label = {0}, argument = {0};
        bool done = false, script = false;
        size_t n = 0;
        char *taken;

        if (!dn_scan_array(scan))
                return NULL;
        while (dn_scan_element(scan)) {
                struct dn_str raw, word;

                if (done || !dn_scan_string(scan, &raw)) {
                        if (done)
                                dn_scan_skip(scan);
                        continue;
                }
                dn_text_reset(&argument);
                dn_scan_unescape(raw, &argument);
                label.failed |= argument.failed;
                word = dn_text_str(&argument);
                if (n++ == 0) {
                        dn_text_put(&label, base_name(word));
                        script = interprets(dn_text_str(&label));
                        continue;
                }
                if (script && word.n > 1 && word.p[0] == '-' && !dn_str_equal(word, DN_STR("-c")))
                        continue;
                done = true;
                word = script ? base_name(word) : word;
                if (is_telling(word) && !memchr(word.p, '/', word.n)) {
                        dn_text_put_char(&label, ' ');
                        dn_text_put(&label, word);
                }
        }
        label.failed |= argument.failed;
        dn_text_free(&argument);
        if (n == 0)
                dn_text_put(&label, DN_STR("(ended before it was read)"));
        taken = dn_text_take(&label);
        *failed |= !taken;
        return taken;
}

/* --------------------------------------------------------------------------------------------------------- groups */

static struct dn_group *find(const struct dn_groups *g, const char *label) {
        for (size_t i = 0; i < g->n; i++)
                if (strcmp(g->list[i].label, label) == 0)
                        return &g->list[i];
        return NULL;
}

const struct dn_group *dn_groups_find(const struct dn_groups *g, const char *label) {
        return find(g, label);
}

static bool grow(struct dn_groups *g) {
        size_t room = g->room ? g->room * 2 : 16;
        struct dn_group *list = g->n < g->room ? g->list : realloc(g->list, room * sizeof(*list));

        if (!list)
                return false;
        g->room = g->n < g->room ? g->room : room;
        g->list = list;
        return true;
}

/* One of its name, or one that more names share. Its runs have a command in common as long as it is the same one. */
static size_t join(struct dn_groups *g, struct dn_group *known, const char *label, const char *command) {
        known->shared |= strcmp(known->label, label) != 0;
        if (known->command && command && strcmp(known->command, command) != 0)
                free(dn_steal(&known->command));
        return (size_t)(known - g->list);
}

size_t dn_groups_take(struct dn_groups *g, struct dn_scan *scan) {
        struct dn_scan again = *scan;
        dn_autofree char *label = take_label(&again, &g->failed);
        dn_autotext struct dn_text command = {0};
        struct dn_group *known;

        dn_take_words(scan, &command);
        g->failed |= command.failed;
        if (!label)
                return SIZE_MAX;
        known = find(g, label);
        if (known || g->n == GROUPS_MAX)
                return join(g, known ? known : &g->list[GROUPS_MAX - 1], label, dn_text_cstr(&command));
        if (!grow(g)) {
                g->failed = true;
                return SIZE_MAX;
        }
        g->list[g->n] = (struct dn_group){.label = dn_steal(&label), .command = dn_text_take(&command), .order = g->n};
        g->failed |= !g->list[g->n].command;
        return g->n++;
}

/* -------------------------------------------------------------------------------------------------------- the end */

static int by_order(const struct dn_group *a, const struct dn_group *b) {
        return (a->order > b->order) - (a->order < b->order);
}

static int by_cpu(const void *a, const void *b) {
        const struct dn_group *x = a, *y = b;
        int r = (x->cpu_secs < y->cpu_secs) - (x->cpu_secs > y->cpu_secs);

        return r ? r : by_order(x, y);
}

static int by_memory(const void *a, const void *b) {
        const struct dn_group *x = a, *y = b;
        int r = (x->peak_kb < y->peak_kb) - (x->peak_kb > y->peak_kb);

        return r ? r : by_order(x, y);
}

void dn_groups_finish(struct dn_groups *g) {
        double cpu_secs = 0;

        for (size_t i = 0; i < g->n && !g->finished; i++) {
                struct dn_group *one = &g->list[i];

                one->cpu_secs = (one->sum[DN_SUM_USER] + one->sum[DN_SUM_SYSTEM]) / steps_per_sec;
                one->sum[DN_SUM_USER] /= steps_per_sec;
                one->sum[DN_SUM_SYSTEM] /= steps_per_sec;
                for (int sum = 0; sum < DN_SUMS; sum++)
                        if (one->sum[sum] < 0)
                                one->sum[sum] = 0;
                cpu_secs += one->cpu_secs;
        }
        if (!g->finished && g->n > 1)
                qsort(g->list, g->n, sizeof(*g->list), cpu_secs < few_secs ? by_memory : by_cpu);
        g->finished = true;
}
