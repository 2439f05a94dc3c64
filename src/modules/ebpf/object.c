/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/object.h"
#include "base/guard.h"
#include "bpf/abi.h"
#include "modules/ebpf/kernel_types.h"
#include "modules/ebpf/stay_loaded.h"

#include "denet.skel.h"
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { HOOKS = 32, NAMES = 512 };

/* A kind of program: its section in the object, and what the kernel's type for the hook is called. */
struct kind {
        struct dn_str section, type;
        enum bpf_attach_type attach;
};
static const struct kind kinds[] = {
        {DN_STR("dn_tp/"), DN_STR("btf_trace_"), BPF_TRACE_RAW_TP},
        {DN_STR("dn_iter/"), DN_STR("bpf_iter_"), BPF_TRACE_ITER},
};

struct dn_object {
        struct dn_bpf *programs;
        int extract; /* a file of memory; -1: there is none */
        struct dn_kernel_hook hooks[HOOKS];
        size_t n_hooks;
        struct dn_text texts; /* the hooks' names, each with a NUL behind it */
};

/* --------------------------------------------------------------------------------------------------------- the hooks
 */

static const struct kind *kind_of(const struct bpf_program *program, struct dn_str *ret_hook) {
        struct dn_str section = dn_str_of(bpf_program__section_name(program));

        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (dn_str_starts(section, kinds[i].section)) {
                        *ret_hook = (struct dn_str){section.p + kinds[i].section.n, section.n - kinds[i].section.n};
                        return &kinds[i];
                }
        return NULL;
}

static struct dn_kernel_hook *find_hook(struct dn_object *o, struct dn_str name) {
        for (size_t i = 0; i < o->n_hooks; i++)
                if (dn_str_equal(o->hooks[i].name, name))
                        return &o->hooks[i];
        return NULL;
}

static struct dn_kernel_hook *hook_of(struct dn_object *o, const struct bpf_program *program) {
        struct dn_str hook;
        const struct kind *kind = kind_of(program, &hook);
        char name[64];
        int n = kind ? snprintf(name, sizeof(name), "%s%s", kind->type.p, hook.p) : -1;

        return n < 0 ? NULL : find_hook(o, (struct dn_str){name, (size_t)n});
}

/* ------------------------------------------------------------------------------------------------- libbpf's callback
 */

/* libbpf would look up the hook in all of the kernel's types, for any program of the type that these really are. So it
 * is told that type when it has the numbers. */
static _Thread_local struct dn_object *loading;

static int prepare(struct bpf_program *program, struct bpf_prog_load_opts *options, long cookie) {
        struct dn_kernel_hook *hook = loading ? hook_of(loading, program) : NULL;

        (void)cookie;
        if (loading && loading->extract < 0)
                return 0; /* libbpf has looked it up */
        if (!hook || hook->id == 0)
                return -ESRCH;
        options->attach_btf_id = hook->id;
        return bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
}

static int handlers[DN_COUNT(kinds)];

/* Before 1.3 libbpf frees its list with the last handler, and goes on from there with the next one: that must not be
 * where somebody else keeps libbpf loaded, so the handlers stay, and what they call. */
static bool list_may_be_emptied(void) {
        return libbpf_major_version() > 1 || libbpf_minor_version() >= 3;
}

__attribute__((constructor)) static void register_kinds(void) {
        LIBBPF_OPTS(libbpf_prog_handler_opts, options, .prog_prepare_load_fn = prepare);
        char section[16];

        for (size_t i = 0; i < DN_COUNT(kinds); i++) {
                snprintf(section, sizeof(section), "%.*s+", (int)kinds[i].section.n - 1,
                         kinds[i].section.p); /* and all below */
                handlers[i] =
                        libbpf_register_prog_handler(section, BPF_PROG_TYPE_RAW_TRACEPOINT, kinds[i].attach, &options);
        }
        if (!list_may_be_emptied())
                dn_stay_loaded();
}

__attribute__((destructor)) static void unregister_kinds(void) {
        for (size_t i = 0; i < DN_COUNT(kinds); i++)
                if (handlers[i] >= 0 && list_may_be_emptied())
                        libbpf_unregister_prog_handler(handlers[i]);
}

/* ------------------------------------------------------------------------------------------------------- the extract
 */

/* What the programs would be attached to. */
static int name_hooks(struct dn_object *o) {
        struct bpf_program *program;
        struct dn_str hook, rest;

        o->n_hooks = 0;
        dn_text_reset(&o->texts);
        bpf_object__for_each_program(program, o->programs->obj) {
                const struct kind *kind = kind_of(program, &hook);

                if (kind) {
                        dn_text_put(&o->texts, kind->type);
                        dn_text_put(&o->texts, hook);
                        dn_text_put_char(&o->texts, '\0');
                }
        }
        rest = dn_text_str(&o->texts);
        for (struct dn_str name; dn_str_cut(&rest, '\0', &name);) {
                if (find_hook(o, name))
                        continue;
                if (o->n_hooks == HOOKS)
                        return -ENOBUFS;
                o->hooks[o->n_hooks++].name = name;
        }
        return o->texts.failed ? -ENOMEM : 0;
}

/* The kernel's types that the programs speak of: without what stands behind ___, which tells variants apart. */
static size_t list_names(const struct btf *own, struct dn_str *names) {
        size_t n = 0;

        for (uint32_t id = 1; id < btf__type_cnt(own) && n < NAMES; id++) {
                const struct btf_type *type = btf__type_by_id(own, id);
                const char *name = btf__name_by_offset(own, type->name_off), *variant;

                if (!btf_is_composite(type) && !btf_is_any_enum(type) && !btf_is_typedef(type))
                        continue;
                names[n] = dn_str_of(name);
                variant = strstr(names[n].p, "___");
                if (variant)
                        names[n].n = (size_t)(variant - names[n].p);
                n += names[n].n > 0;
        }
        return n;
}

/* All of the kernel's types: mapped, from Linux 6.15 on, or read. Its size, or -errno; munmap it. */
static int64_t map_types(void **ret_types) {
        dn_autoclose int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
        struct stat st;
        size_t got = 0;
        ssize_t n = 1;

        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        *ret_types = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (*ret_types != MAP_FAILED)
                return st.st_size;
        *ret_types = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (*ret_types == MAP_FAILED)
                return -errno;
        while (n > 0 && got < (size_t)st.st_size) {
                n = read(fd, (char *)*ret_types + got, (size_t)st.st_size - got);
                got += n > 0 ? (size_t)n : 0;
        }
        return (int64_t)got;
}

static int make_extract(struct dn_object *o, struct dn_text *ret_btf) {
        struct dn_str names[NAMES];
        size_t n = list_names(bpf_object__btf(o->programs->obj), names);
        void *types = NULL;
        int64_t size = map_types(&types);
        int r;

        if (size <= 0)
                return size < 0 ? (int)size : -EBADMSG;
        r = dn_kernel_types_extract((struct dn_str){types, (size_t)size}, names, n, o->hooks, o->n_hooks, ret_btf);
        munmap(types, (size_t)size);
        return r;
}

static bool fill_extract(struct dn_object *o) {
        dn_autotext struct dn_text btf = {0};

        return make_extract(o, &btf) == 0 && write(o->extract, btf.p, btf.n) == (ssize_t)btf.n;
}

/* ----------------------------------------------------------------------------------------------------- open and load
 */

struct dn_object *dn_object_free(struct dn_object *o) {
        if (!o)
                return NULL;
        if (o->extract >= 0)
                close(o->extract);
        dn_text_free(&o->texts);
        free(o);
        return NULL;
}

static int open_with_extract(struct dn_object *o) {
        char path[32];
        LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = path);
        int r;

        for (size_t i = 0; i < DN_COUNT(handlers); i++)
                if (handlers[i] < 0)
                        return handlers[i];
        o->extract = memfd_create("denet-btf", MFD_CLOEXEC);
        if (o->extract < 0)
                return -errno;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", o->extract);
        o->programs = dn_bpf__open_opts(&options);
        if (!o->programs)
                return -errno;
        r = name_hooks(o);
        if (r == 0 && fill_extract(o))
                return 0;
        dn_bpf__destroy(o->programs);
        o->programs = NULL;
        return r < 0 ? r : -ENOTSUP;
}

static int open_without(struct dn_object *o) {
        if (o->extract >= 0)
                close(o->extract);
        o->extract = -1;
        o->programs = dn_bpf__open();
        if (!o->programs)
                return -errno;
        return name_hooks(o);
}

int dn_object_open(struct dn_object **ret_object, struct dn_bpf **ret_programs) {
        struct dn_object *o = calloc(1, sizeof(*o));
        int r;

        if (!o)
                return -ENOMEM;
        o->extract = -1;
        r = open_with_extract(o);
        if (r < 0)
                r = open_without(o);
        *ret_object = o;
        *ret_programs = o->programs;
        if (r < 0) {
                dn_bpf__destroy(o->programs);
                *ret_programs = NULL;
                *ret_object = dn_object_free(o);
        }
        return r;
}

/* As libbpf does it for the sections that it knows. */
static int find_hooks(struct dn_object *o) {
        struct bpf_program *program;
        struct dn_str hook;
        int r = 0;

        bpf_object__for_each_program(program, o->programs->obj) {
                if (!kind_of(program, &hook) || !bpf_program__autoload(program))
                        continue;
                r = bpf_program__set_type(program, BPF_PROG_TYPE_TRACING);
                if (r == 0)
                        r = bpf_program__set_attach_target(program, 0, hook.p);
                if (r < 0)
                        break;
        }
        return r == -ENOENT ? -ESRCH : r;
}

static int attach(struct dn_object *o) {
        const struct bpf_object_skeleton *s = o->programs->skeleton;

        for (int i = 0; i < s->prog_cnt; i++) {
                const struct bpf_prog_skeleton *p =
                        (const struct bpf_prog_skeleton *)(const void *)((const char *)s->progs +
                                                                         (size_t)i * (size_t)s->prog_skel_sz);
                struct dn_str hook;
                const struct kind *kind = kind_of(*p->prog, &hook);

                if (!kind || !bpf_program__autoload(*p->prog))
                        continue;
                *p->link = kind->attach == BPF_TRACE_ITER ? bpf_program__attach_iter(*p->prog, NULL)
                                                          : bpf_program__attach_trace(*p->prog);
                if (!*p->link)
                        return -errno;
        }
        return dn_bpf__attach(o->programs); /* the others */
}

int dn_object_load(struct dn_object *o) {
        int r = o->extract < 0 ? find_hooks(o) : 0;

        if (r < 0)
                return r;
        loading = o;
        r = dn_bpf__load(o->programs);
        loading = NULL;
        return r == 0 ? attach(o) : r;
}
