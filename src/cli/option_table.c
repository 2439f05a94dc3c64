/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/option_table.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

#define FLAG(name, ...) \
        static const char *take_##name(struct dn_cli *cli, const char *value) { \
                (void)value; \
                __VA_ARGS__; \
                return NULL; \
        }
FLAG(json, cli->json = true)
FLAG(quiet, cli->quiet = true)
FLAG(lines, cli->show = DN_SHOW_LINES)
FLAG(debug, cli->debug = true)
FLAG(help, cli->help = true)
FLAG(version, cli->version = true)
FLAG(nothing, (void)cli)
FLAG(exclude_children, cli->o.flags |= DENET_EXCLUDE_CHILDREN)
FLAG(since_process_start, cli->o.flags |= DENET_SINCE_PROCESS_START)
FLAG(no_polling, cli->o.flags |= DENET_NO_POLLING)
FLAG(wait_all, cli->o.flags |= DENET_WAIT_ALL)
FLAG(write_env, cli->o.flags |= DENET_WRITE_ENV)
FLAG(gpu, cli->o.flags |= DENET_WITH_GPU)
FLAG(counters, cli->o.flags |= DENET_WITH_COUNTERS)
FLAG(enable_ebpf,
     cli->o.ebpf |= DENET_EBPF_SYSCALLS | DENET_EBPF_OFFCPU | DENET_EBPF_NET | DENET_EBPF_DISK | DENET_EBPF_EXITS)

static const char *take_milliseconds(unsigned *ret_ms, const char *value) {
        uint64_t ms;

        if (!dn_str_u64(dn_str_of(value), &ms)) {
                if (*value && strspn(value, "0123456789") == strlen(value))
                        ms = UINT64_MAX; /* more digits than anything has */
                else
                        return "not a number; give milliseconds, 1 or more";
        }
        if (ms == 0)
                return "too small; give milliseconds, 1 or more";
        if (ms > 86400000)
                return "more than a day; give milliseconds, 86400000 at most";
        *ret_ms = (unsigned)ms;
        return NULL;
}

static const char *take_interval(struct dn_cli *cli, const char *value) {
        return take_milliseconds(&cli->o.interval_ms, value);
}

static const char *take_max_interval(struct dn_cli *cli, const char *value) {
        return take_milliseconds(&cli->o.max_interval_ms, value);
}

static const char *take_duration(struct dn_cli *cli, const char *value) {
        double seconds;
        char *end;

        errno = 0;
        seconds = strtod(value, &end);
        if (end == value || *end || !isfinite(seconds))
                return "not a number; give seconds, 0 for no limit";
        if (seconds < 0)
                return "below 0; give seconds, 0 for no limit";
        if (seconds > 1e9)
                return "too long; give seconds, 1000000000 at most";
        /* A part of a millisecond is not nothing. */
        cli->o.duration_ms = (uint64_t)(seconds * 1000);
        cli->o.duration_ms += (double)cli->o.duration_ms < seconds * 1000;
        return NULL;
}

static const char *take_out(struct dn_cli *cli, const char *value) {
        if (*value == '\0')
                return "no name; give a file";
        cli->out = value;
        return NULL;
}

static const char *take_stats(struct dn_cli *cli, const char *value) {
        cli->stats = value;
        return *value ? NULL : "no name; give a file";
}

/* The place of a word among those allowed, or -1. */
static int word(const char *value, const char *const words[], int n) {
        for (int i = 0; i < n; i++)
                if (strcmp(words[i], value) == 0)
                        return i;
        return -1;
}

static const char *take_children(struct dn_cli *cli, const char *value) {
        static const char *const words[] = {"all", "active", "none"};

        cli->o.children = word(value, words, DN_COUNT(words));
        return cli->o.children < 0 ? "unknown; give all, active or none" : NULL;
}

static const char *take_command_output(struct dn_cli *cli, const char *value) {
        static const char *const words[] = {"", "inherit", "stderr", "discard"};

        cli->command_output = word(value, words, DN_COUNT(words));
        return cli->command_output <= 0 ? "unknown; give inherit, stderr or discard" : NULL;
}

static const char *take_cgroup(struct dn_cli *cli, const char *value) {
        static const char *const words[] = {"auto", "off", "require"};

        cli->o.cgroup = word(value, words, DN_COUNT(words));
        return cli->o.cgroup < 0 ? "unknown; give auto, off or require" : NULL;
}

static const char *take_status(struct dn_cli *cli, const char *value) {
        static const char *const words[] = {"row", "lines", "off"};

        cli->show = word(value, words, DN_COUNT(words));
        return cli->show < 0 ? "unknown; give row, lines or off" : NULL;
}

static const char *take_sampler(struct dn_cli *cli, const char *value) {
        static const char *const words[] = {"auto", "procfs", "bpf"};

        cli->o.sampler = word(value, words, DN_COUNT(words));
        return cli->o.sampler < 0 ? "unknown; give auto, procfs or bpf" : NULL;
}

static const char *take_ebpf(struct dn_cli *cli, const char *value) {
        static const struct {
                struct dn_str name;
                unsigned bit;
        } parts[] = {
                {DN_STR("syscalls"), DENET_EBPF_SYSCALLS}, {DN_STR("offcpu"), DENET_EBPF_OFFCPU},
                {DN_STR("net"), DENET_EBPF_NET},           {DN_STR("disk"), DENET_EBPF_DISK},
                {DN_STR("exits"), DENET_EBPF_EXITS},       {DN_STR("oncpu"), DENET_EBPF_ONCPU},
        };
        struct dn_str rest = dn_str_of(value), name;
        unsigned bits = 0;
        size_t i;

        while (dn_str_cut(&rest, ',', &name)) {
                for (i = 0; i < DN_COUNT(parts) && !dn_str_equal(parts[i].name, name); i++)
                        ;
                if (i == DN_COUNT(parts))
                        return "unknown; give some of syscalls,offcpu,net,disk,exits,oncpu";
                bits |= parts[i].bit;
        }
        cli->o.ebpf |= bits;
        return bits ? NULL : "no part; give some of syscalls,offcpu,net,disk,exits,oncpu";
}

static const char *take_stacks(struct dn_cli *cli, const char *value) {
        cli->o.stacks = value;
        return *value ? NULL : "no name; give that of a file";
}

const struct dn_option dn_option_table[] = {
        {"out", 'o', "FILE", take_out},
        {"json", 'j', NULL, take_json},
        {"stats", 0, "FILE", take_stats},
        {"interval", 'i', "MS", take_interval},
        {"max-interval", 'm', "MS", take_max_interval},
        {"duration", 'd', "S", take_duration},
        {"no-update", 'n', NULL, take_lines},
        {"status", 0, "row|lines|off", take_status},
        {"quiet", 'q', NULL, take_quiet},
        {"enable-ebpf", 0, NULL, take_enable_ebpf},
        {"ebpf", 0, "PARTS", take_ebpf},
        {"stacks", 0, "FILE", take_stacks},
        {"gpu", 0, NULL, take_gpu},
        {"counters", 0, NULL, take_counters},
        {"exclude-children", 0, NULL, take_exclude_children},
        {"no-include-children", 0, NULL, take_exclude_children},
        {"children", 0, "all|active|none", take_children},
        {"command-output", 0, "inherit|stderr|discard", take_command_output},
        {"cgroup", 0, "auto|off|require", take_cgroup},
        {"sampler", 0, "auto|procfs|bpf", take_sampler},
        {"since-process-start", 0, NULL, take_since_process_start},
        {"no-polling", 0, NULL, take_no_polling},
        {"wait-all", 0, NULL, take_wait_all},
        {"write-env", 0, NULL, take_write_env},
        {"nodump", 0, NULL, take_nothing},
        {"debug", 0, NULL, take_debug},
        {"help", 'h', NULL, take_help},
        {"version", 'V', NULL, take_version},
};
const int dn_n_options = DN_COUNT(dn_option_table);
