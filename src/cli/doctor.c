/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor.h"
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/names.h"
#include "cli/quantity.h"
#include "cli/take.h"

/* A capability, as the record has it. */
struct ability {
        bool available, partial;
        struct dn_text reason, hint;
};

enum { PROCESSES, IO, EBPF, COUNTERS, ENERGY, GPU, CGROUP, PRESSURE, ABILITIES };

/* In the order of the lines; pressure stands in cgroup's. */
static const struct {
        struct dn_str key;
        const char *name, *works; /* what to say when it does */
} known[ABILITIES] = {
        {DN_STR("processes"), "processes", "CPU, memory, threads"},
        {DN_STR("io"), "i/o", "reads and writes of every process"},
        {DN_STR("ebpf"), "ebpf", "waits, syscalls, network and exits from the kernel"},
        {DN_STR("perf_hw"), "counters", "cycles, instructions, cache misses"},
        {DN_STR("rapl"), "energy", "joules of the package"},
        {DN_STR("gpu"), "gpu", "use and memory by process"},
        {DN_STR("cgroup"), "cgroup", ""},
        {DN_STR("psi"), "pressure", ""},
};

enum { WIDTH = 80, INDENT = 17 };

struct doctor {
        struct dn_text host, kernel;
        int64_t cores, memory_kb, memory_limit_kb, cores_limit_milli, hidepid;
        struct ability abilities[ABILITIES];
};

static void doctor_free(struct doctor *d) {
        dn_text_free(&d->host);
        dn_text_free(&d->kernel);
        for (int i = 0; i < ABILITIES; i++) {
                dn_text_free(&d->abilities[i].reason);
                dn_text_free(&d->abilities[i].hint);
        }
}

/* ------------------------------------------------------------------------------------------------- from the records */

static void take_ability(struct doctor *d, struct ability *a, struct dn_scan *scan) {
        struct dn_str key;

        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key)) {
                if (dn_str_equal(key, DN_STR("available")))
                        dn_scan_bool(scan, &a->available);
                else if (dn_str_equal(key, DN_STR("partial")))
                        dn_scan_bool(scan, &a->partial);
                else if (dn_str_equal(key, DN_STR("hidepid")))
                        dn_scan_i64(scan, &d->hidepid);
                else if (dn_str_equal(key, DN_STR("memory_limit_kb")))
                        dn_scan_i64(scan, &d->memory_limit_kb);
                else if (dn_str_equal(key, DN_STR("cores_limit")))
                        dn_scan_steps(scan, 3, &d->cores_limit_milli);
                else if (dn_str_equal(key, DN_STR("reason")))
                        dn_take_text(scan, &a->reason);
                else if (dn_str_equal(key, DN_STR("hint")))
                        dn_take_text(scan, &a->hint);
                else
                        dn_scan_skip(scan);
        }
}

static void take_abilities(struct doctor *d, struct dn_scan *scan) {
        struct dn_str key;

        if (!dn_scan_object(scan))
                return;
        while (dn_scan_member(scan, &key)) {
                int i = 0;

                while (i < ABILITIES && !dn_str_equal(key, known[i].key))
                        i++;
                if (i < ABILITIES)
                        take_ability(d, &d->abilities[i], scan);
                else
                        dn_scan_skip(scan);
        }
}

static void take_record(struct doctor *d, const denet_record *record) {
        struct dn_str line = {0}, key;
        struct dn_scan scan;

        line.p = denet_record_json(record, &line.n);
        scan = dn_scan_of(line);
        if (!line.p || !dn_scan_object(&scan))
                return;
        while (dn_scan_member(&scan, &key)) {
                if (dn_str_equal(key, DN_STR("host")))
                        dn_take_text(&scan, &d->host);
                else if (dn_str_equal(key, DN_STR("kernel")))
                        dn_take_text(&scan, &d->kernel);
                else if (dn_str_equal(key, DN_STR("cores")))
                        dn_scan_i64(&scan, &d->cores);
                else if (dn_str_equal(key, DN_STR("memory_total_kb")))
                        dn_scan_i64(&scan, &d->memory_kb);
                else if (dn_str_equal(key, DN_STR("capabilities")))
                        take_abilities(d, &scan);
                else
                        dn_scan_skip(&scan);
        }
}

/* -------------------------------------------------------------------------------------------------------- the lines */

/* denet 1.0.0 on node17: Linux 6.1.0, 16 cores, 64.0 GiB, as uid 1000 */
static void put_head(struct dn_text *text, const struct doctor *d) {
        dn_text_printf(text, "denet %s", denet_version());
        if (d->host.n > 0) {
                dn_text_put(text, DN_STR(" on "));
                dn_put_name(text, dn_text_str(&d->host));
        }
        dn_text_put(text, d->kernel.n > 0 ? DN_STR(": Linux ") : DN_STR(": "));
        dn_put_name(text, dn_text_str(&d->kernel));
        if (d->cores > 0)
                dn_text_printf(text, "%s%lld core%s", d->kernel.n > 0 ? ", " : "", (long long)d->cores,
                               d->cores == 1 ? "" : "s");
        if (d->memory_kb > 0) {
                dn_text_put(text, DN_STR(", "));
                dn_put_bytes(text, (double)d->memory_kb * 1024);
        }
        dn_text_printf(text, ", as uid %lld\n", (long long)geteuid());
}

static void put_mark(struct dn_text *text, const char *mark, const char *style, const char *name, bool colour) {
        const char *plain = colour && *style ? "\033[0m" : "";

        dn_text_printf(text, "%s%s%s%*s  %-9s  ", colour ? style : "", mark, plain, (int)(4 - strlen(mark)), "", name);
}

/* On one line where both fit; else what follows on a line of its own. */
static void put_words(struct dn_text *text, struct dn_str what, struct dn_str link, struct dn_str rest) {
        dn_put_name(text, what);
        if (rest.n > 0) {
                dn_text_put(text, link);
                dn_text_printf(text, INDENT + what.n + link.n + 1 + rest.n <= WIDTH ? " " : "\n%*s", INDENT, "");
                dn_put_name(text, rest);
        }
        dn_text_put_char(text, '\n');
}

static void put_ability(struct dn_text *text, const struct ability *a, int i, bool colour) {
        if (!a->available) {
                put_mark(text, "no", "\033[31m", known[i].name, colour);
                put_words(text, dn_text_str(&a->reason), DN_STR(":"), dn_text_str(&a->hint));
        } else if (a->partial) {
                put_mark(text, "part", "\033[33m", known[i].name, colour);
                put_words(text, dn_text_str(&a->reason), DN_STR(":"), dn_text_str(&a->hint));
        } else {
                put_mark(text, "yes", "", known[i].name, colour);
                put_words(text, dn_str_of(known[i].works), DN_STR(""), DN_STR(""));
        }
}

/* memory limit 64.0 GiB, no CPU limit; pressure (PSI) too */
static void put_cgroup(struct dn_text *text, const struct doctor *d, bool colour) {
        const struct ability *a = &d->abilities[CGROUP], *pressure = &d->abilities[PRESSURE];
        dn_autotext struct dn_text limits = {0};

        if (!a->available) {
                put_ability(text, a, CGROUP, colour);
                return;
        }
        if (d->memory_limit_kb >= 0) {
                dn_text_put(&limits, DN_STR("memory limit "));
                dn_put_bytes(&limits, (double)d->memory_limit_kb * 1024);
        } else
                dn_text_put(&limits, DN_STR("no memory limit"));
        if (d->cores_limit_milli >= 0) {
                dn_text_put(&limits, DN_STR(", CPU limit "));
                dn_put_cores(&limits, (double)d->cores_limit_milli / 1000);
                dn_text_put(&limits, DN_STR(" cores"));
        } else
                dn_text_put(&limits, DN_STR(", no CPU limit"));
        put_mark(text, "yes", "", known[CGROUP].name, colour);
        put_words(text, dn_text_str(&limits), DN_STR(";"),
                  pressure->available ? DN_STR("pressure (PSI) too") : DN_STR("no pressure (PSI)"));
}

static void put_lines(struct dn_text *text, const struct doctor *d, bool colour) {
        put_head(text, d);
        for (int i = 0; i < CGROUP; i++)
                put_ability(text, &d->abilities[i], i, colour);
        put_cgroup(text, d, colour);
}

/* ----------------------------------------------------------------------------------------------------- the command */

static void put_json(struct dn_text *text, const denet_record *record) {
        struct dn_str line = {0};

        line.p = denet_record_json(record, &line.n);
        text->failed |= !line.p;
        dn_text_put(text, line);
        dn_text_put_char(text, '\n');
}

/* The records into d, and as lines into `json` where that is not NULL. 0, or -errno after a line that says why. */
static int look(struct doctor *d, const denet_options *o, struct dn_text *json) {
        const denet_record *record;
        denet_error error;
        denet *stream;
        int r = denet_probe(&stream, o, &error);

        *d = (struct doctor){.memory_limit_kb = -1, .cores_limit_milli = -1};
        if (r < 0) {
                dn_say("%s", error.text);
                return r;
        }
        while ((r = denet_next(stream, -1, &record)) > 0) {
                take_record(d, record);
                if (json)
                        put_json(json, record);
        }
        denet_free(stream);
        if (r < 0)
                dn_say("this machine could not be looked at: %s; end other programs", strerror(-r));
        return r;
}

int dn_doctor_hidepid(void) {
        struct doctor d;
        int hidepid = look(&d, NULL, NULL) < 0 ? 0 : (int)d.hidepid;

        doctor_free(&d);
        return hidepid;
}

int dn_doctor_command(struct dn_cli *cli) {
        dn_autotext struct dn_text text = {0}, json = {0};
        struct doctor d;
        int r;

        if (cli->n_arguments > 0)
                return dn_say_usage(cli->command, "nothing to give it; as in: denet doctor");
        r = look(&d, &cli->o, &json);
        if (r == 0)
                put_lines(&text, &d, dn_colour(STDOUT_FILENO));
        doctor_free(&d);
        return r < 0 ? DN_STATUS_OWN_ERROR : dn_answer(cli->json ? &json : &text);
}
