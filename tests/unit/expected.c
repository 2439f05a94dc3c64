/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "expected.h"
#include "common.h"

#include <dirent.h>
#include <inttypes.h>
#include <unistd.h>

static void expect(struct expected *e, int id, int64_t value) {
        e->has |= UINT64_C(1) << id;
        e->v[id] = value;
}

static void expect_stat(const struct scene *scene, const char *name, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        int64_t n[20];
        char state;
        const char *rest;

        assert_true(scene_read(scene, name, "stat", &text));
        rest = strrchr(dn_text_cstr(&text), ')');
        assert_int_equal(sscanf(rest,
                                ") %c %*d %*d %*d %*d %*d %*d %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64
                                " %" SCNd64 " %" SCNd64 " %" SCNd64 " %*d %*d %" SCNd64 " %*d %" SCNd64,
                                &state, &n[0], &n[1], &n[2], &n[3], &n[4], &n[5], &n[6], &n[7], &n[8], &n[9]),
                         11);
        e->lives = state != 'Z' || n[8] > 1;
        expect(e, DN_page_faults_cached, n[0]);
        expect(e, DN_reaped_page_faults_cached, n[1]);
        expect(e, DN_page_faults_disk, n[2]);
        expect(e, DN_reaped_page_faults_disk, n[3]);
        expect(e, DN_cpu_user_secs, n[4] * 10000);
        expect(e, DN_cpu_system_secs, n[5] * 10000);
        expect(e, DN_reaped_cpu_user_secs, n[6] * 10000);
        expect(e, DN_reaped_cpu_system_secs, n[7] * 10000);
        expect(e, DN_thread_count, n[8]);
        e->started_at_ms = n[9] * 10;
}

static void expect_io(const struct scene *scene, const char *name, struct expected *e) {
        static const struct {
                const char *key;
                int id;
        } lines[] = {{"rchar: ", DN_syscall_read_bytes},
                     {"wchar: ", DN_syscall_write_bytes},
                     {"syscr: ", DN_io_read_ops},
                     {"syscw: ", DN_io_write_ops},
                     {"\nread_bytes: ", DN_disk_read_bytes},
                     {"\nwrite_bytes: ", DN_disk_write_bytes},
                     {"cancelled_write_bytes: ", DN_disk_cancelled_write_bytes}};
        dn_autotext struct dn_text text = {0};

        assert_true(scene_read(scene, name, "io", &text));
        for (size_t i = 0; i < DN_COUNT(lines); i++)
                expect(e, lines[i].id, atoll(strstr(dn_text_cstr(&text), lines[i].key) + strlen(lines[i].key)));
}

static bool expect_statm_of(const struct scene *scene, const char *name, const char *file, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        int64_t size, resident;

        assert_true(scene_read(scene, name, file, &text));
        assert_int_equal(sscanf(dn_text_cstr(&text), "%" SCNd64 " %" SCNd64, &size, &resident), 2);
        expect(e, DN_mem_vms_kb, size * 4);
        expect(e, DN_mem_rss_kb, resident * 4);
        if (resident > 0)
                expect(e, DN_mem_rss_peak_kb, resident * 4);
        return size > 0;
}

/* Of a thread that lives, where the leader has none any more. */
static void expect_statm(const struct scene *scene, const char *name, struct expected *e) {
        int64_t pid = scene_find(scene, name)->pid;
        char path[SCENE_PATH + 128], file[64];

        if (expect_statm_of(scene, name, "statm", e) || strcmp(name, "leader-ended") != 0)
                return;
        for (int64_t thread = pid + 1; thread < pid + 10; thread++) {
                snprintf(file, sizeof(file), "task/%" PRId64 "/statm", thread);
                snprintf(path, sizeof(path), "%s/%" PRId64 "/%s", scene->proc, pid, file);
                if (access(path, F_OK) == 0 && expect_statm_of(scene, name, file, e))
                        return;
        }
        fail_msg("no thread of %s lives", name);
}

static void expect_status(const struct scene *scene, const char *name, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        const char *hwm, *swap;

        assert_true(scene_read(scene, name, "status", &text));
        hwm = strstr(dn_text_cstr(&text), "\nVmHWM:");
        swap = strstr(text.p, "\nVmSwap:");
        if (hwm && atoll(hwm + 7) > e->v[DN_mem_rss_peak_kb])
                expect(e, DN_mem_rss_peak_kb, atoll(hwm + 7));
        if (swap)
                expect(e, DN_mem_swap_kb, atoll(swap + 8));
        expect(e, DN_ctx_switches_voluntary, atoll(strstr(text.p, "\nvoluntary_ctxt_switches:") + 25));
        expect(e, DN_ctx_switches_involuntary, atoll(strstr(text.p, "\nnonvoluntary_ctxt_switches:") + 28));
}

/* An empty folder was not recorded. */
static void expect_fds(const struct scene *scene, const char *name, struct expected *e) {
        char path[SCENE_PATH + 128];
        dn_autodir DIR *dir = NULL;
        int64_t n = 0;

        snprintf(path, sizeof(path), "%s/%" PRId64 "/fd", scene->proc, scene_find(scene, name)->pid);
        dir = opendir(path);
        if (!dir)
                return;
        for (const struct dirent *entry; (entry = readdir(dir));)
                n += entry->d_name[0] != '.';
        expect(e, DN_fd_count, n);
}

static void expect_schedstat(const struct scene *scene, const char *name, struct expected *e) {
        dn_autotext struct dn_text text = {0};
        int64_t delay_ns;

        assert_true(scene_read(scene, name, "schedstat", &text));
        assert_int_equal(sscanf(dn_text_cstr(&text), "%*d %" SCNd64, &delay_ns), 1);
        expect(e, DN_run_delay_secs, delay_ns / 1000);
}

struct expected expect_process(const struct scene *scene, const char *name) {
        struct expected e = {0};

        expect_stat(scene, name, &e);
        expect_io(scene, name, &e);
        expect_statm(scene, name, &e);
        expect_status(scene, name, &e);
        expect_schedstat(scene, name, &e);
        if (e.lives)
                expect_fds(scene, name, &e);
        return e;
}

/* Read by another rule, or at another time. */
static bool is_compared(int id) {
        return id != DN_cpu_usage && id != DN_uptime_secs && id != DN_cpu_core && id != DN_mem_pss_kb &&
               id != DN_mem_uss_kb && id != DN_sys_net_rx_bytes && id != DN_sys_net_tx_bytes &&
               (dn_fields[id].nature != DN_INNER || dn_fields[id].of >= 0);
}

void assert_expected(const struct scene *scene, const char *name, const struct dn_row *row, const struct expected *e) {
        assert_non_null(row);
        for (int id = 0; id < DN_FIELDS; id++) {
                if (!is_compared(id))
                        continue;
                if ((row->has >> id & 1) != (e->has >> id & 1) || ((e->has >> id & 1) && row->v[id] != e->v[id]))
                        fail_msg("%s, %s, %s: %" PRId64 " (known %d), expected %" PRId64 " (known %d)", scene->kernel,
                                 name, dn_fields[id].name.p, row->v[id], (int)(row->has >> id & 1), e->v[id],
                                 (int)(e->has >> id & 1));
        }
}

/* Own and reaped of everybody; memory, threads and descriptors of the living. */
static void add_to_whole(struct expected *whole, const struct expected *e) {
        for (int id = 0; id < DN_FIELDS; id++) {
                int of = dn_fields[id].nature == DN_INNER ? dn_fields[id].of : id;

                if (!(e->has >> id & 1) || of < 0 || (dn_fields[id].nature == DN_GAUGE && !e->lives))
                        continue;
                if (dn_fields[id].nature == DN_PEAK)
                        expect(whole, of, e->v[id] > whole->v[of] ? e->v[id] : whole->v[of]);
                else
                        expect(whole, of, whole->v[of] + e->v[id]);
        }
        expect(whole, DN_process_count, whole->v[DN_process_count] + e->lives);
}

struct expected expect_whole(const struct scene *scene) {
        struct expected whole = {0};

        for (size_t i = 0; i < scene->n; i++)
                if (scene_is_below(scene, &scene->processes[i], "scene")) {
                        struct expected e = expect_process(scene, scene->processes[i].name);

                        add_to_whole(&whole, &e);
                }
        return whole;
}
