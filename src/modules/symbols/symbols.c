/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/symbols/symbols.h"
#include "base/guard.h"
#include "modules/symbols/demangle.h"
#include "modules/symbols/elf.h"
#include "modules/symbols/files.h"
#include "modules/symbols/jit.h"
#include "modules/symbols/kallsyms.h"
#include "modules/symbols/open.h"

#include <fcntl.h>
#include <time.h>

enum { MEMORY_DEFAULT = 128 << 20 };

/* A process's maps are read again at most this often. */
static const uint64_t again_ns = 100000000;

struct dn_symbols {
        struct dn_files files;
        bool lines;
        int kernel; /* 0: not read yet; 1: read; or -errno */
        struct dn_kallsyms kallsyms;
        struct dn_text name; /* while it is put together */
};

int dn_symbols_new(const struct dn_symbols_settings *settings, struct dn_symbols **ret_symbols) {
        struct dn_symbols *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        s->files.debug_root = settings->debug_root < 0 ? -1 : fcntl(settings->debug_root, F_DUPFD_CLOEXEC, 3);
        s->files.limit = settings->memory_limit ? settings->memory_limit : MEMORY_DEFAULT;
        s->lines = settings->lines;
        *ret_symbols = s;
        return 0;
}

struct dn_symbols *dn_symbols_free(struct dn_symbols *symbols) {
        if (!symbols)
                return NULL;
        dn_files_free(&symbols->files);
        dn_kallsyms_free(&symbols->kallsyms);
        dn_text_free(&symbols->name);
        free(symbols);
        return NULL;
}

static uint64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

const struct dn_mapping *dn_symbols_mapping(struct dn_space *space, uint64_t address) {
        const struct dn_mapping *m = dn_maps_find(&space->maps, address);

        if (m || space->proc < 0 || (space->read && now_ns() - space->read_ns < again_ns))
                return m;
        dn_space_read(space);
        return dn_maps_find(&space->maps, address);
}

struct dn_elf *dn_symbols_elf(struct dn_symbols *symbols, struct dn_space *space, const struct dn_mapping *mapping) {
        return dn_files_get(&symbols->files, space, mapping, false);
}

int dn_symbols_learn(struct dn_symbols *symbols, struct dn_space *space) {
        if (!space->read && dn_space_read(space) == -ENOMEM)
                return -ENOMEM;
        for (uint32_t i = 0; i < space->maps.n; i++) {
                struct dn_mapping *m = &space->maps.list[i];
                const struct dn_elf *elf = dn_files_get(&symbols->files, space, m, false);

                if (elf)
                        m->build_id = *dn_elf_build_id(elf);
        }
        return 0;
}

static int add_mangled(struct dn_symbols *s, struct dn_frames *frames, const char *name, struct dn_frame *frame) {
        dn_text_reset(&s->name);
        dn_demangle_put(&s->name, name);
        if (s->name.failed)
                return -ENOMEM;
        frame->name = dn_frames_keep(frames, dn_text_str(&s->name));
        return dn_frames_add(frames, frame);
}

/* What a line table and the calls in it say goes to the frame that it is of. */
static void set_line(struct dn_frames *frames, struct dn_frame *frame, const char *source, uint32_t line) {
        frame->source = source ? dn_frames_keep(frames, dn_str_of(source)) : 0;
        frame->line = source ? line : 0;
}

static int add_of_file(struct dn_symbols *s, struct dn_elf *elf, uint64_t at, struct dn_frame *frame,
                       struct dn_frames *frames) {
        struct dn_inlined inlined[DN_INLINED_MAX];
        struct dn_function function;
        const char *source;
        uint32_t line, n = dn_elf_inlined(elf, at, s->lines, inlined, &source, &line);
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                struct dn_frame in = *frame;

                in.kind = DN_FRAME_INLINED;
                set_line(frames, &in, source, line);
                if (inlined[i].name)
                        r = add_mangled(s, frames, inlined[i].name, &in);
                source = inlined[i].call_file;
                line = inlined[i].call_line;
        }
        if (r < 0)
                return r;
        set_line(frames, frame, source, line);
        if (!dn_elf_function(elf, at, &function))
                return dn_frames_add(frames, frame);
        frame->kind = DN_FRAME_USER;
        frame->offset = at - function.start;
        return add_mangled(s, frames, function.name, frame);
}

/* Code that no file has was made at run time. */
bool dn_symbols_jit(struct dn_space *space, uint64_t address, struct dn_str *ret_name, uint64_t *ret_start) {
        dn_autoclose int root = -1;

        if (!space->jit && dn_jit_new(&space->jit) < 0)
                return false;
        if (dn_jit_find(space->jit, address, ret_name, ret_start))
                return true;
        root = dn_open_root(space);
        if (root < 0 || dn_jit_read(space->jit, root, space->inner_pid, space->uid) < 0)
                return false;
        return dn_jit_find(space->jit, address, ret_name, ret_start);
}

static int add_of_jit(struct dn_space *space, uint64_t at, struct dn_frame *frame, struct dn_frames *frames) {
        struct dn_str name;
        uint64_t start;

        if (dn_symbols_jit(space, at, &name, &start)) {
                frame->kind = DN_FRAME_JIT;
                frame->name = dn_frames_keep(frames, name);
                frame->offset = at - start;
        }
        return dn_frames_add(frames, frame);
}

static int add_user(struct dn_symbols *s, struct dn_space *space, uint64_t address, bool exact,
                    struct dn_frames *frames) {
        struct dn_frame frame = {.address = address};
        uint64_t at = address - !exact, place;
        const struct dn_mapping *m = dn_symbols_mapping(space, at);
        struct dn_elf *elf;

        if (!m)
                return dn_frames_add(frames, &frame);
        frame.offset = at - m->start + m->offset;
        frame.build_id = m->build_id;
        elf = dn_files_get(&s->files, space, m, true);
        if (elf)
                frame.build_id = *dn_elf_build_id(elf);
        frame.file = dn_frames_keep(frames, dn_str_of(dn_mapping_name(&space->maps, m)));
        if (elf && dn_elf_place(elf, frame.offset, &place))
                return add_of_file(s, elf, place, &frame, frames);
        return elf ? dn_frames_add(frames, &frame) : add_of_jit(space, at, &frame, frames);
}

int dn_symbols_frames(struct dn_symbols *symbols, struct dn_space *space, const struct dn_stack *stack,
                      struct dn_frames *frames) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < stack->n; i++)
                r = add_user(symbols, space, stack->address[i], dn_stack_is_exact(stack, i), frames);
        return r;
}

static void read_kernel(struct dn_symbols *s) {
        dn_autoclose int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
        int r = proc < 0 ? -errno : dn_kallsyms_read(&s->kallsyms, proc);

        s->kernel = r < 0 ? r : 1;
}

int dn_symbols_kernel(struct dn_symbols *symbols, const struct dn_stack *stack, struct dn_frames *frames) {
        int r = 0;

        if (symbols->kernel == 0)
                read_kernel(symbols);
        for (uint32_t i = 0; r == 0 && i < stack->n; i++) {
                struct dn_frame frame = {.kind = DN_FRAME_KERNEL, .address = stack->address[i]};
                uint64_t at = frame.address - !dn_stack_is_exact(stack, i), start;
                const char *name = dn_kallsyms_find(&symbols->kallsyms, at, &start);

                if (name) {
                        frame.name = dn_frames_keep(frames, dn_str_of(name));
                        frame.offset = at - start;
                }
                r = dn_frames_add(frames, &frame);
        }
        return r;
}
