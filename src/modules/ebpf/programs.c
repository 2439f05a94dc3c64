/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int dn_programs_init(struct dn_programs *p) {
        *p = (struct dn_programs){.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        return p->proc < 0 ? -errno : 0;
}

void dn_programs_free(struct dn_programs *p) {
        for (uint32_t i = 0; i < p->n; i++)
                dn_space_free(p->list[i].space);
        if (p->proc >= 0)
                close(p->proc);
        *p = (struct dn_programs){.proc = -1};
}

struct dn_program *dn_programs_find(struct dn_programs *p, uint32_t tgid, uint32_t exec) {
        for (uint32_t i = 0; i < p->n; i++)
                if (p->list[i].tgid == tgid && p->list[i].exec == exec && p->list[i].space)
                        return &p->list[i];
        return NULL;
}

/* What the process runs now. */
static struct dn_program *find_last(struct dn_programs *p, uint32_t tgid) {
        struct dn_program *last = NULL;

        for (uint32_t i = 0; i < p->n; i++)
                if (p->list[i].tgid == tgid && p->list[i].space && (!last || p->list[i].exec > last->exec))
                        last = &p->list[i];
        return last;
}

static struct dn_program *place(struct dn_programs *p, uint32_t tgid, uint32_t exec, struct dn_space *space) {
        struct dn_program *program;

        if (p->n < DN_PROGRAMS)
                program = &p->list[p->n++];
        else {
                program = &p->list[p->next++ % DN_PROGRAMS];
                dn_space_free(program->space);
        }
        *program = (struct dn_program){tgid, exec, space};
        return program;
}

struct dn_program *dn_programs_add(struct dn_programs *p, uint32_t tgid, uint32_t exec) {
        struct dn_space *space;

        return dn_space_new(p->proc, (pid_t)tgid, &space) < 0 ? NULL : place(p, tgid, exec, space);
}

/* A number that is used again is another process's: what the one before ran is of nobody any more. */
static void forget(struct dn_programs *p, uint32_t tgid) {
        for (uint32_t i = 0; i < p->n; i++)
                if (p->list[i].tgid == tgid) {
                        dn_space_free(p->list[i].space);
                        p->list[i].space = NULL;
                }
}

static void hear_fork(struct dn_programs *p, const struct dn_mapping_news *news) {
        const struct dn_program *parent;
        struct dn_space *space;

        forget(p, news->pid);
        parent = find_last(p, news->parent);
        if (parent && dn_space_fork(parent->space, p->proc, (pid_t)news->pid, &space) == 0)
                (void)place(p, news->pid, parent->exec, space);
}

static void hear_exec(struct dn_programs *p, const struct dn_mapping_news *news) {
        const struct dn_program *before = find_last(p, news->pid);

        (void)dn_programs_add(p, news->pid, before ? before->exec + 1 : 1);
}

void dn_programs_hear(struct dn_programs *p, const struct dn_mapping_news *news) {
        struct dn_program *program;

        switch (news->event) {
        case DN_MAPPING_FORK: hear_fork(p, news); break;
        case DN_MAPPING_EXEC: hear_exec(p, news); break;
        case DN_MAPPING_MAP:
                program = find_last(p, news->pid);
                if (program)
                        (void)dn_space_map(program->space, &news->mapping, news->name);
                break;
        }
}
