/* SPDX-License-Identifier: GPL-3.0-or-later
 * The driver tells processes by number: of the machine's first PID namespace, or of the caller's, as newer ones do. */
#include "sources/gpu/nvml_process.h"
#include "base/file.h"
#include "base/guard.h"
#include "sources/linux/parse_stat.h"

#include <fcntl.h>
#include <stdio.h>

enum { TRIES = 4, ROOM = 32 };

void dn_nvml_lists_free(struct dn_nvml_lists *l) {
        free(l->processes);
        free(l->samples);
        free(l->older);
        *l = (struct dn_nvml_lists){0};
}

static bool make_room(void **array, unsigned *room, unsigned n, size_t width) {
        void *larger;

        if (n <= *room)
                return true;
        if (n > 1U << 20)
                return false;
        n += n / 2 + ROOM;
        larger = realloc(*array, n * width);
        if (!larger)
                return false;
        *array = larger;
        *room = n;
        return true;
}

/* ------------------------------------------------------------------------------------- what the library lists */

typedef int (*list_call)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process *processes);
typedef int (*list_v1_call)(dn_nvml_handle device, unsigned *n, struct dn_nvml_process_v1 *processes);

/* Appends what this call lists. More may begin while they are counted, so it is asked again with more room. */
static int append(list_call call, dn_nvml_handle device, struct dn_nvml_lists *l) {
        unsigned n = 0;

        for (int i = 0; i < TRIES; i++) {
                int r;

                if (!make_room((void **)&l->processes, &l->room, l->n + n + 1, sizeof(*l->processes)))
                        return -ENOMEM;
                n = l->room - l->n;
                r = call(device, &n, l->processes + l->n);
                if (r == DN_NVML_SUCCESS && n <= l->room - l->n)
                        l->n += n;
                if (r != DN_NVML_INSUFFICIENT_SIZE)
                        return r;
        }
        return DN_NVML_INSUFFICIENT_SIZE;
}

static int append_v1(list_v1_call call, dn_nvml_handle device, struct dn_nvml_lists *l) {
        unsigned n = 0;
        int r = DN_NVML_INSUFFICIENT_SIZE;

        for (int i = 0; i < TRIES && r == DN_NVML_INSUFFICIENT_SIZE; i++) {
                if (!make_room((void **)&l->older, &l->older_room, n + 1, sizeof(*l->older)))
                        return -ENOMEM;
                n = l->older_room;
                r = call(device, &n, l->older);
        }
        if (r != DN_NVML_SUCCESS || n > l->older_room)
                return r;
        if (!make_room((void **)&l->processes, &l->room, l->n + n, sizeof(*l->processes)))
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                l->processes[l->n++] = (struct dn_nvml_process){.pid = l->older[i].pid, .used = l->older[i].used};
        return r;
}

static int by_pid(const void *a, const void *b) {
        const struct dn_nvml_process *x = a, *y = b;

        return (x->pid > y->pid) - (x->pid < y->pid);
}

/* One that computes and draws is listed twice, each time with all of its memory. */
static void merge(struct dn_nvml_lists *l) {
        unsigned kept = 0;

        if (l->n > 1)
                qsort(l->processes, l->n, sizeof(*l->processes), by_pid);
        for (unsigned i = 0; i < l->n; i++) {
                const struct dn_nvml_process *p = &l->processes[i];
                struct dn_nvml_process *last = kept > 0 ? &l->processes[kept - 1] : NULL;

                if (!last || last->pid != p->pid)
                        l->processes[kept++] = *p;
                else if (last->used == DN_NVML_NOT_AVAILABLE ||
                         (p->used != DN_NVML_NOT_AVAILABLE && p->used > last->used))
                        last->used = p->used;
        }
        l->n = kept;
}

int dn_nvml_list_processes(const struct dn_nvml_api *api, dn_nvml_handle device, struct dn_nvml_lists *l) {
        int r, first;

        l->n = 0;
        first = r = api->compute      ? append(api->compute, device, l)
                    : api->compute_v1 ? append_v1(api->compute_v1, device, l)
                                      : DN_NVML_NOT_SUPPORTED;
        if (r != DN_NVML_SUCCESS && r != DN_NVML_NOT_SUPPORTED)
                return r;
        r = api->graphics      ? append(api->graphics, device, l)
            : api->graphics_v1 ? append_v1(api->graphics_v1, device, l)
                               : DN_NVML_NOT_SUPPORTED;
        if (r != DN_NVML_SUCCESS && first != DN_NVML_SUCCESS)
                return r;
        if (r == -ENOMEM || (api->mps && append(api->mps, device, l) == -ENOMEM))
                return -ENOMEM;
        merge(l);
        return DN_NVML_SUCCESS;
}

int dn_nvml_list_samples(const struct dn_nvml_api *api, dn_nvml_handle device, struct dn_nvml_lists *l,
                         unsigned long long *after_us) {
        unsigned n = 0;
        int r = api->samples ? DN_NVML_INSUFFICIENT_SIZE : DN_NVML_NOT_SUPPORTED;
        unsigned long long newest_us = *after_us;

        l->n_samples = 0;
        for (int i = 0; i < TRIES && r == DN_NVML_INSUFFICIENT_SIZE; i++) {
                if (!make_room((void **)&l->samples, &l->samples_room, n + 1, sizeof(*l->samples)))
                        return -ENOMEM;
                n = l->samples_room;
                r = api->samples(device, l->samples, &n, *after_us);
        }
        if (r != DN_NVML_SUCCESS)
                return r;
        /* Some drivers fill in places that nobody used. */
        for (unsigned i = 0; i < n && i < l->samples_room; i++) {
                const struct dn_nvml_sample *s = &l->samples[i];

                if (s->pid == 0 || s->sm > 100 || s->unix_us <= *after_us)
                        continue;
                newest_us = s->unix_us > newest_us ? s->unix_us : newest_us;
                l->samples[l->n_samples++] = *s;
        }
        *after_us = newest_us;
        return l->n_samples > 0 ? DN_NVML_SUCCESS : DN_NVML_NOT_FOUND;
}

/* ------------------------------------------------------------------------------------------- whose they are */

/* It has a device of this driver open. */
static bool holds_device(int proc, int64_t pid) {
        char path[32], target[64];
        int fd;
        dn_autodir DIR *dir = NULL;
        const struct dirent *entry;

        snprintf(path, sizeof(path), "%lld/fd", (long long)pid);
        fd = dn_file_directory(proc, path);
        dir = dn_entries_of(fd);
        while (dir && (entry = readdir(dir))) {
                ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target));

                if (n > 0 && (dn_str_starts((struct dn_str){target, (size_t)n}, DN_STR("/dev/nvidia")) ||
                              dn_str_starts((struct dn_str){target, (size_t)n}, DN_STR("/dev/dxg"))))
                        return true;
        }
        return false;
}

static bool read_start(int proc, int64_t pid, uint64_t *ret_ticks) {
        char path[32], line[1024];
        struct dn_stat stat;
        int n;

        snprintf(path, sizeof(path), "%lld/stat", (long long)pid);
        n = dn_file_read(proc, path, line, sizeof(line));
        if (n <= 0 || dn_stat_parse((struct dn_str){line, (size_t)n}, &stat) < 0)
                return false;
        *ret_ticks = stat.start_ticks;
        return true;
}

/* Its number on the machine is known, and that /proc can be seen: status there has its numbers in all the namespaces
 * that it is in, of which one may be ours. That it is the same process, its start says. */
static bool is_ours_by_host(const struct dn_gpu_tree *tree, int64_t pid) {
        char path[32], file[8192];
        struct dn_str rest, numbers;
        uint64_t number, there, here;
        int n;

        snprintf(path, sizeof(path), "%lld/status", (long long)pid);
        n = tree->host_proc < 0 ? -1 : dn_file_read(tree->host_proc, path, file, sizeof(file));
        rest = (struct dn_str){file, n > 0 ? (size_t)n : 0};
        if (!dn_str_value(&rest, DN_STR("NSpid"), &numbers) || !dn_str_take_u64(&numbers, &number))
                return false;
        while (dn_str_take_u64(&numbers, &number))
                if (number <= INT32_MAX && dn_gpu_tree_has(tree, (int64_t)number) &&
                    read_start(tree->host_proc, pid, &there) && read_start(tree->proc, (int64_t)number, &here) &&
                    there == here)
                        return true;
        return false;
}

/* In a PID namespace the same number may be somebody else's on the machine: then it has to have the device open. */
static bool is_ours(const struct dn_gpu_tree *tree, unsigned pid) {
        if (!tree->nested)
                return dn_gpu_tree_has(tree, pid);
        return (dn_gpu_tree_has(tree, pid) && holds_device(tree->proc, pid)) || is_ours_by_host(tree, pid);
}

static bool any_holds_device(const struct dn_gpu_tree *tree) {
        for (uint32_t i = 0; i < tree->n; i++)
                if (holds_device(tree->proc, tree->pids[i]))
                        return true;
        return false;
}

/* The mean of the samples of each process; of several at once the sum, which the driver gives in parts of one. */
static int64_t busy_of(const struct dn_nvml_lists *l, unsigned pid) {
        int64_t sum = 0, n = 0;

        for (unsigned i = 0; i < l->n_samples; i++)
                if (l->samples[i].pid == pid) {
                        sum += l->samples[i].sm;
                        n++;
                }
        return n > 0 ? sum * 100 / n : 0;
}

static bool is_first_of(const struct dn_nvml_lists *l, unsigned at) {
        for (unsigned i = 0; i < at; i++)
                if (l->samples[i].pid == l->samples[at].pid)
                        return false;
        return true;
}

static int64_t at_most(int64_t value, int64_t most) {
        return value < most ? value : most;
}

void dn_nvml_fold(const struct dn_nvml_lists *l, const struct dn_gpu_tree *tree, struct dn_nvml_part *ret_part) {
        struct dn_nvml_part part = {0};
        uint32_t busy = 0;

        for (unsigned i = 0; i < l->n; i++) {
                const struct dn_nvml_process *p = &l->processes[i];

                if (!is_ours(tree, p->pid))
                        continue;
                part.n++;
                if (p->used == DN_NVML_NOT_AVAILABLE || p->used > INT64_MAX / 2)
                        part.memory_unknown = true;
                else
                        part.memory_bytes += (int64_t)p->used;
        }
        for (unsigned i = 0; i < l->n_samples; i++) {
                int64_t centi = is_first_of(l, i) ? busy_of(l, l->samples[i].pid) : 0;

                part.all_centi += centi;
                if (centi > 0 && is_ours(tree, l->samples[i].pid)) {
                        part.busy_centi += centi;
                        busy++;
                }
        }
        part.busy_centi = at_most(part.busy_centi, 10000);
        part.all_centi = at_most(part.all_centi, 10000);
        part.unknown = tree->nested && part.n + busy == 0 && l->n + l->n_samples > 0 && any_holds_device(tree);
        *ret_part = part;
}
