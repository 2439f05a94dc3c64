/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "host/clock.h"
#include "host/raised.h"
#include "modules/ebpf/ebpf.h"
#include "modules/ebpf/hooks.h"
#include "modules/ebpf/object.h"
#include "modules/ebpf/stacks.h"
#include "modules/ebpf/syscall_names.h"
#include "modules/ebpf/syscall_waits.h"
#include "sources/linux/probe/rights.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Programs of parts that are not asked for stay out. */
static void choose(struct dn_bpf *b, const struct dn_bpf_config *c, const struct dn_hooks *hooks) {
        bool counts = c->parts & DN_BPF_EXITS, calls = c->parts & DN_BPF_SYSCALLS, waits = c->parts & DN_BPF_OFFCPU;
        bool net = c->parts & DN_BPF_NET, disk = c->parts & DN_BPF_DISK;
        const struct {
                struct bpf_program *program;
                bool wanted;
        } programs[] = {
                {b->progs.add_up, counts},
                {b->progs.on_switch, counts || waits},
                {b->progs.on_enter, calls},
                {b->progs.on_exit, calls},
                {b->progs.on_exec, true},
                {b->progs.list_waits, waits},
                {b->progs.on_clock, c->parts & DN_BPF_ONCPU},
                {b->progs.print_name, c->stacks},
                {b->progs.on_end, net || disk},
                {b->progs.on_send, net && hooks->sockets},
                {b->progs.on_receive, net && hooks->sockets},
                {b->progs.on_splice, net},
                {b->progs.on_bio, disk},
                {b->progs.on_io_start, disk && hooks->requests},
                {b->progs.on_io_done, disk && hooks->requests},
                {b->progs.on_issue, disk && !hooks->requests},
                {b->progs.on_complete, disk && !hooks->requests},
        };

        for (size_t i = 0; i < DN_COUNT(programs); i++)
                bpf_program__set_autoload(programs[i].program, programs[i].wanted);
        bpf_program__set_autoattach(b->progs.on_clock, false);
        bpf_program__set_autoattach(b->progs.print_name, false);
        dn_hooks_choose(b, hooks, net && !hooks->sockets);
}

/* What a map takes is there from the start: of parts that are not asked for next to nothing. */
static int size_maps(struct dn_ebpf *e, const struct dn_bpf_config *c) {
        enum { SMALL_RING = 1 << 18, LARGE_RING = 1 << 23 };
        bool net = c->parts & DN_BPF_NET, disk = c->parts & DN_BPF_DISK;
        const struct {
                struct bpf_map *map;
                uint32_t n;
        } maps[] = {
                {e->programs->maps.calls, c->parts & DN_BPF_SYSCALLS ? DN_BPF_NUMBERS * e->n_processors : 1},
                {e->programs->maps.waits, c->parts & DN_BPF_OFFCPU ? DN_WAIT_REASONS * e->n_processors : 1},
                {e->programs->maps.events, c->stacks                  ? LARGE_RING
                                           : c->parts & DN_BPF_OFFCPU ? SMALL_RING
                                                                      : 4096},
                {e->programs->maps.kernel_stacks, c->stacks ? DN_BPF_STACKS : 1},
                {e->programs->maps.user_stacks, c->stacks ? DN_BPF_STACKS : 1},
                {e->programs->maps.stacks, c->stacks ? DN_BPF_STACKS : 1},
                {e->programs->maps.sent, c->stacks ? DN_BPF_STACKS : 1},
                {e->programs->maps.traffic, net ? DN_BPF_PROCESSES : 1},
                {e->programs->maps.blocks, disk ? DN_BPF_PROCESSES : 1},
                {e->programs->maps.requests, disk ? DN_BPF_REQUESTS : 1},
        };
        int r = 0;

        for (size_t i = 0; i < DN_COUNT(maps) && r == 0; i++)
                r = bpf_map__set_max_entries(maps[i].map, maps[i].n);
        return r;
}

/* Of the call of this number: as dn_bpf_config has it. */
static uint8_t splice_argument(uint32_t number) {
        struct dn_str name = dn_str_of(dn_syscall_name(number));

        return dn_syscall_is_among(" splice ", name) ? 1 : dn_syscall_is_among(" sendfile ", name) ? 2 : 0;
}

static void configure(struct dn_ebpf *e, struct dn_bpf_config *c, const struct dn_hooks *hooks) {
        c->parts = e->parts;
        c->children = e->target->children;
        c->nonblock = hooks->nonblock;
        c->stacks = e->target->stacks != NULL;
        c->own = e->by_file_rights;
        c->uid = getuid();
        for (uint32_t i = 0; i < DN_BPF_NUMBERS; i++) {
                c->reasons[i] = (uint8_t)dn_syscall_wait(i);
                c->splices[i] = splice_argument(i);
        }
}

/* By what the program is kept out, as doctor says it; asked while the rights are raised. */
static bool kept_out(struct dn_text *why) {
        dn_autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                         sys = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dn_rights rights = dn_rights_read(proc);
        struct dn_ability a = {0};

        dn_ability_ebpf(&a, &(struct dn_probe_roots){.proc = proc, .sys = sys, .bpf = dn_probe_bpf()}, &rights);
        if (a.can == DN_CAN_NOT) {
                dn_text_put(why, dn_text_str(&a.reason));
                dn_text_put_char(why, '\n');
                dn_text_put(why, dn_text_str(&a.hint));
        }
        dn_text_free(&a.reason);
        dn_text_free(&a.hint);
        return a.can == DN_CAN_NOT;
}

/* Whatever the kernel says, the rest goes on: also where it is the kernel that has no memory for it. */
static int refused(int r, struct dn_text *why) {
        if (kept_out(why))
                return -EPERM;
        if (r == -ESRCH || r == -ENOENT || r == -ENOTSUP)
                dn_text_put(why, DN_STR("the kernel lacks a hook\na kernel of 5.13 or later"));
        else
                dn_text_printf(why, "the kernel refuses the BPF programs: %s", strerror(-r));
        return -EPERM;
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

/* It is not held before its first instruction, and may have children. */
static bool runs(const struct dn_ebpf *e) {
        return e->target->attached || e->target->late;
}

/* The main process; from then on whom it starts. */
static int mark_main(struct dn_ebpf *e) {
        uint32_t pid = (uint32_t)e->target->main.pid;
        struct dn_bpf_thread thread = {.tid = pid, .tgid = pid, .held = runs(e) ? 0 : DN_BPF_HELD};

        return bpf_map_update_elem(bpf_map__fd(e->programs->maps.threads), &e->target->pidfd, &thread, BPF_ANY);
}

/* Who runs already. One that a member starts meanwhile is a member; one whose parent is found after it is found by the
 * next look. */
static int mark_all(struct dn_ebpf *e) {
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
        return r == 0 && runs(e) ? mark_all(e) : r;
}

static struct bpf_object_skeleton *open_skeleton(const struct bpf_object_open_opts *options, void **ret_programs) {
        struct dn_bpf *programs = dn_bpf__open_opts(options);

        *ret_programs = programs;
        return programs ? programs->skeleton : NULL;
}

/* The programs, attached; nothing where it fails. */
static int attach(struct dn_ebpf *e, const struct dn_hooks *hooks) {
        void *programs;
        int r = dn_object_open(&e->object, open_skeleton, &programs);

        if (r < 0)
                return r;
        e->programs = programs;
        configure(e, &e->programs->rodata->config, hooks);
        choose(e->programs, &e->programs->rodata->config, hooks);
        r = size_maps(e, &e->programs->rodata->config);
        if (r == 0)
                r = dn_object_load(e->object);
        if (r < 0)
                dn_ebpf_unload(e);
        return r;
}

/* As on kernels of today, if this looks like one; else as it has it; else without what it refuses. */
static int attach_somehow(struct dn_ebpf *e) {
        struct dn_hooks hooks = {.sockets = true, .requests = true};
        bool of_today = dn_hooks_of_today() || !(e->parts & (DN_BPF_NET | DN_BPF_DISK));
        int r = of_today ? attach(e, &hooks) : -ESRCH;

        if (r != -ESRCH || !(e->parts & (DN_BPF_NET | DN_BPF_DISK)))
                return r;
        hooks = dn_hooks_find();
        r = attach(e, &hooks);
        if (r < 0 && r != -EPERM && r != -ENOMEM && e->parts & DN_BPF_NET && !hooks.sockets) {
                e->parts &= ~(unsigned)DN_BPF_NET;
                r = attach(e, &hooks);
        }
        return r;
}

static int load(struct dn_ebpf *e) {
        int n = libbpf_num_possible_cpus(), r; /* by their numbers: also those that are not there */

        e->n_processors = n > 0 ? (uint32_t)n : 1;
        r = attach_somehow(e);
        if (r < 0)
                return r;
        e->shared = &e->programs->bss->shared;
        r = begin(e);
        return r == 0 && e->parts & DN_BPF_ONCPU ? dn_ebpf_oncpu_open(e) : r;
}

/* The rights are laid down by now. */
static bool may_not_read(struct dn_ebpf *e) {
        struct bpf_map_info info = {0};
        uint32_t size = sizeof(info);

        return bpf_obj_get_info_by_fd(bpf_map__fd(e->programs->maps.threads), &info, &size) == -EPERM;
}

int dn_ebpf_load(struct dn_ebpf *e, struct dn_text *why) {
        struct dn_raised before;
        int r = runs(e) ? may_trace(e->target, why) : 0;

        if (r < 0)
                return r;
        before = dn_raise();
        e->by_file_rights = before.changed;
        r = load(e);
        if (r < 0) {
                dn_ebpf_unload(e);
                r = refused(r, why);
        }
        dn_lower(&before);
        e->raise_to_read = r == 0 && before.changed && may_not_read(e);
        if (r == 0 && e->target->wants_sampler)
                dn_ebpf_sampler_load(e);
        return r;
}

void dn_ebpf_unload(struct dn_ebpf *e) {
        dn_ebpf_sampler_close(e);
        dn_ebpf_oncpu_close(e);
        e->object = dn_object_free(e->object);
        e->programs = NULL;
        e->shared = NULL;
}

static uint64_t missed_by(struct bpf_program *program) {
        struct bpf_prog_info info = {0};
        uint32_t size = sizeof(info);
        int fd = bpf_program__fd(program);

        return fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &size) == 0 ? info.recursion_misses : 0;
}

uint64_t dn_ebpf_lost_counts(struct dn_ebpf *e, bool now) {
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

uint64_t dn_ebpf_lost(struct dn_ebpf *e, bool now) {
        return dn_ebpf_lost_counts(e, now) + e->shared->lost_stacks + (e->stacks ? dn_ebpf_stacks_lost(e->stacks) : 0);
}
