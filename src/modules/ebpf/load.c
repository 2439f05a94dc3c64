/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "host/clock.h"
#include "host/kill.h"
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/rights.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What libbpf would print is in our reason, by its error. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments) {
        (void)level;
        (void)format;
        (void)arguments;
        return 0;
}

/* The kernel has this tracepoint. */
static bool has_hook(const char *name) {
        return libbpf_find_vmlinux_btf_id(name, BPF_TRACE_RAW_TP) > 0;
}

/* Parts that this kernel can do. */
static unsigned possible(unsigned parts) {
        if (!(parts & DN_BPF_NET))
                return parts;
        return has_hook("sock_send_length") && has_hook("sock_recv_length") ? parts : parts & ~(unsigned)DN_BPF_NET;
}

/* Programs of parts that are not asked for stay out. */
static void choose(struct dn_bpf *b, unsigned parts, bool samples) {
        bool counts = parts & DN_BPF_EXITS, calls = parts & DN_BPF_SYSCALLS;
        bool net = parts & DN_BPF_NET, disk = parts & DN_BPF_DISK, starts = disk && has_hook("block_io_start");

        bpf_program__set_autoload(b->progs.add_up, counts);
        bpf_program__set_autoload(b->progs.on_switch, counts);
        bpf_program__set_autoload(b->progs.on_enter, calls);
        bpf_program__set_autoload(b->progs.on_exit, calls);
        bpf_program__set_autoload(b->progs.on_exec, calls);
        bpf_program__set_autoload(b->progs.sample, samples);
        bpf_program__set_autoload(b->progs.on_end, net || disk);
        bpf_program__set_autoload(b->progs.on_send, net);
        bpf_program__set_autoload(b->progs.on_receive, net);
        bpf_program__set_autoload(b->progs.on_splice, net);
        bpf_program__set_autoload(b->progs.on_bio, disk);
        bpf_program__set_autoload(b->progs.on_io_start, starts);
        bpf_program__set_autoload(b->progs.on_io_done, starts);
        bpf_program__set_autoload(b->progs.on_issue, disk && !starts);
        bpf_program__set_autoload(b->progs.on_complete, disk && !starts);
}

/* What a map takes is there from the start: of parts that are not asked for next to nothing. */
static int size_maps(struct dn_ebpf *e) {
        bool net = e->parts & DN_BPF_NET, disk = e->parts & DN_BPF_DISK;
        const struct {
                struct bpf_map *map;
                uint32_t entries;
        } maps[] = {
                {e->programs->maps.calls, e->parts & DN_BPF_SYSCALLS ? DN_BPF_NUMBERS * e->n_processors : 1},
                {e->programs->maps.traffic, net ? DN_BPF_PROCESSES : 1},
                {e->programs->maps.blocks, disk ? DN_BPF_PROCESSES : 1},
                {e->programs->maps.requests, disk ? DN_BPF_REQUESTS : 1},
                {e->programs->maps.places, e->samples ? DN_BPF_PLACES : 1},
                {e->programs->maps.last, e->samples ? DN_BPF_PLACES : 1},
        };
        int r = 0;

        for (size_t i = 0; i < DN_COUNT(maps) && r == 0; i++)
                r = bpf_map__set_max_entries(maps[i].map, maps[i].entries);
        return r;
}

static int refused(int r, struct dn_text *why) {
        switch (-r) {
        case EPERM:
        case EACCES:
                dn_text_put(why, DN_STR("the kernel does not let BPF programs be loaded here: it takes CAP_BPF and "
                                        "CAP_PERFMON\nrun denet as root, or: sudo setcap cap_bpf,cap_perfmon=ep "
                                        "\"$(command -v denet)\""));
                break;
        case ESRCH:
        case ENOENT:
        case ENOTSUP:
                dn_text_put(why, DN_STR("the kernel does not describe its types (/sys/kernel/btf/vmlinux), or lacks a "
                                        "hook\na kernel of 5.13 or later with CONFIG_DEBUG_INFO_BTF"));
                break;
        default: dn_text_printf(why, "BPF programs cannot be loaded: %s", strerror(-r));
        }
        return r;
}

int dn_ebpf_iterate(struct bpf_link *link) {
        dn_autoclose int fd = bpf_iter_create(bpf_link__fd(link));
        char buffer[64];
        ssize_t n;

        if (fd < 0)
                return fd;
        do
                n = read(fd, buffer, sizeof(buffer));
        while (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)));
        return n < 0 ? -errno : 0;
}

/* Not just held: it may have started others already. */
static bool is_running(const struct dn_target *t) {
        return t->attached || t->under_way;
}

/* The main process; from then on whom it starts. */
static int mark_main(struct dn_ebpf *e) {
        uint32_t pid = (uint32_t)e->target->main.pid;
        struct dn_bpf_thread thread = {.tid = pid, .tgid = pid, .held = !is_running(e->target)};

        return bpf_map_update_elem(bpf_map__fd(e->programs->maps.threads), &e->target->pidfd, &thread, BPF_ANY);
}

/* Who runs already. One that a member starts meanwhile is a member; one whose parent is found after it is found by the
 * next look. */
int dn_ebpf_mark_all(struct dn_ebpf *e) {
        enum { LOOKS = 1000 };
        int r = 0;

        for (int i = 0; i < LOOKS && r == 0; i++) {
                e->shared->look++;
                e->shared->found = 0;
                r = dn_ebpf_iterate(e->programs->links.look);
                e->first_threads += e->shared->found;
                if (e->shared->found == 0)
                        break;
        }
        return r;
}

/* The number may have been given out again: it is the process still when that is so after it is held. */
int dn_ebpf_join(struct dn_ebpf *e, struct dn_key key) {
        dn_autoclose int pidfd = dn_pidfd_open(key.pid);
        uint32_t pid = (uint32_t)key.pid;
        struct dn_bpf_thread thread = {.tid = pid, .tgid = pid};
        struct dn_key now;
        int r;

        if (pidfd < 0)
                return pidfd;
        r = dn_platform_identify(e->target->procfs, key.pid, &now);
        if (r < 0 || !dn_key_equal(now, key))
                return r < 0 ? r : -ESRCH;
        return bpf_map_update_elem(bpf_map__fd(e->programs->maps.threads), &pidfd, &thread, BPF_ANY);
}

/* What the caller could not trace, it is not told of by way of the rights of this file. */
static int may_trace(const struct dn_target *t, struct dn_text *why) {
        char path[40];
        int fd;

        snprintf(path, sizeof(path), "/proc/%lld/environ", (long long)t->main.pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                close(fd);
        if (fd >= 0 || (errno != EACCES && errno != EPERM))
                return 0;
        dn_text_put(why, DN_STR("the process may not be traced by you\nrun denet as root, or as the process's user"));
        return -EACCES;
}

static int begin(struct dn_ebpf *e) {
        int r;

        e->shared->level = UINT32_MAX;
        e->first_threads = 1;
        r = dn_ebpf_iterate(e->programs->links.look); /* finds our PID namespace */
        if (r == 0)
                r = mark_main(e);
        return r == 0 && is_running(e->target) ? dn_ebpf_mark_all(e) : r;
}

static int load(struct dn_ebpf *e) {
        long n = sysconf(_SC_NPROCESSORS_CONF);
        int r;

        libbpf_set_print(say_nothing);
        e->programs = dn_bpf__open();
        if (!e->programs)
                return -errno;
        e->parts = possible(e->parts);
        e->n_processors = n > 0 ? (uint32_t)n : 1;
        e->programs->rodata->config.parts = e->parts;
        e->programs->rodata->config.children = e->target->children;
        choose(e->programs, e->parts, e->samples);
        e->programs->rodata->config.splice = SYS_splice;
        e->programs->rodata->config.sendfile = SYS_sendfile;
        r = size_maps(e);
        if (r == 0)
                r = dn_bpf__load(e->programs);
        if (r == 0)
                r = dn_bpf__attach(e->programs);
        if (r < 0)
                return r;
        e->shared = &e->programs->bss->shared;
        return begin(e);
}

int dn_ebpf_load(struct dn_ebpf *e, struct dn_text *why) {
        struct dn_raised before;
        int r = e->target->attached ? may_trace(e->target, why) : 0;

        if (r < 0)
                return r;
        before = dn_rights_raise();
        r = load(e);
        /* An older kernel may lack what the sampler alone takes. */
        if (r < 0 && r != -ENOMEM && e->samples && e->parts != 0) {
                dn_ebpf_unload(e);
                e->samples = false;
                r = load(e);
        }
        dn_rights_drop(&before);
        if (r < 0) {
                dn_ebpf_unload(e);
                return r == -ENOMEM ? r : refused(r, why);
        }
        return 0;
}

void dn_ebpf_unload(struct dn_ebpf *e) {
        dn_bpf__destroy(e->programs);
        e->programs = NULL;
        e->shared = NULL;
}

static uint64_t missed_by(struct bpf_program *program) {
        struct bpf_prog_info info = {0};
        uint32_t size = sizeof(info);
        int fd = bpf_program__fd(program);

        return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.recursion_misses : 0;
}

uint64_t dn_ebpf_lost(struct dn_ebpf *e, bool now) {
        const int64_t pace_ns = 1000000000;
        int64_t mono_ns = dn_clock_mono_ns();
        struct bpf_program *program;

        if (now || mono_ns - e->asked_ns >= pace_ns) {
                e->missed = 0;
                e->asked_ns = mono_ns;
                bpf_object__for_each_program(program, e->programs->obj) e->missed += missed_by(program);
        }
        return e->missed + e->shared->lost;
}
