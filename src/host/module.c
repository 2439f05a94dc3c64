/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/module.h"
#include "base/guard.h"

#include <dlfcn.h>
#ifdef __linux__
#include <sys/auxv.h>
#endif

/* DN_LINKED_IN(zstd) …, for the modules of a static program; src/meson.build knows which. */
#ifdef DN_BUILTIN_ZSTD
extern const struct dn_module dn_module_zstd;
#endif
#ifdef DN_BUILTIN_GZIP
extern const struct dn_module dn_module_gzip;
#endif

static const struct dn_module *const linked_in[] = {
#ifdef DN_BUILTIN_ZSTD
        &dn_module_zstd,
#endif
#ifdef DN_BUILTIN_GZIP
        &dn_module_gzip,
#endif
        NULL,
};

static const struct dn_module *find_linked_in(const char *name) {
        for (const struct dn_module *const *m = linked_in; *m; m++)
                if (strcmp((*m)->name, name) == 0)
                        return *m;
        return NULL;
}

/* The directory of the file that this code is in, with its slash. False: that is not known, or not to be relied on. */
static bool put_own_directory(struct dn_text *text) {
        static const char here;
        char path[4096];
        const char *slash;
        ssize_t n = 0;
        Dl_info info;

#ifdef __linux__
        /* Of the program itself, dladdr knows only the name that it was called by. */
        if (getauxval(AT_SECURE))
                return false;
        if (dladdr(&here, &info) && (uintptr_t)info.dli_fbase == (getauxval(AT_PHDR) & ~UINT64_C(4095)))
                n = readlink("/proc/self/exe", path, sizeof(path));
        else
#endif
                if (dladdr(&here, &info) && strlen(info.dli_fname) < sizeof(path)) {
                n = (ssize_t)strlen(info.dli_fname);
                memcpy(path, info.dli_fname, (size_t)n);
        }
        slash = n > 0 ? memrchr(path, '/', (size_t)n) : NULL;
        if (!slash)
                return false;
        dn_text_put(text, (struct dn_str){path, (size_t)(slash + 1 - path)});
        return true;
}

/* 1: it is open. 0: there is no such file. -errno. */
static int open_file(struct dn_loaded *ret_loaded, const char *path, const char *name, struct dn_text *why) {
        dn_autotext struct dn_text symbol = {0};
        const struct dn_module *module;
        void *handle;

        if (access(path, F_OK) < 0)
                return 0;
        handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!handle) {
                dn_text_printf(why, "%s", dlerror());
                return -ELIBACC;
        }
        dn_text_printf(&symbol, "dn_module_%s", name);
        module = dn_text_cstr(&symbol) ? dlsym(handle, symbol.p) : NULL;
        if (!module || module->layout != DN_MODULE_LAYOUT) {
                dlclose(handle);
                dn_text_printf(why, "%s: not of this denet", path);
                return -ELIBACC;
        }
        *ret_loaded = (struct dn_loaded){module, handle};
        return 1;
}

int dn_module_open(struct dn_loaded *ret_loaded, const char *name, struct dn_text *why) {
        const struct dn_module *builtin = find_linked_in(name);
        int r = 0;

        if (builtin) {
                *ret_loaded = (struct dn_loaded){builtin, NULL};
                return 0;
        }
        for (int place = 0; place < 2 && r == 0; place++) {
                dn_autotext struct dn_text path = {0};

                if (place == 0 && !put_own_directory(&path))
                        continue;
                if (place == 1)
                        dn_text_put(&path, DN_STR(DN_MODULE_DIR "/"));
                dn_text_printf(&path, "denet-%s.so", name);
                r = dn_text_cstr(&path) ? open_file(ret_loaded, path.p, name, why) : -ENOMEM;
        }
        if (r == 0)
                dn_text_printf(why, "denet-%s.so is not installed", name);
        return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

void dn_module_close(struct dn_loaded *loaded) {
        if (loaded->handle)
                dlclose(loaded->handle);
        *loaded = (struct dn_loaded){0};
}
