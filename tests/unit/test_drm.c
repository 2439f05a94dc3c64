/* SPDX-License-Identifier: GPL-3.0-or-later
 * The kernel's graphics drivers, over tests/fixtures/gpu: fdinfo and /sys of each. */
#include "base/file.h"
#include "common.h"
#include "gpu_values.h"
#include "sources/gpu/drm.h"
#include "sources/gpu/drm_fdinfo.h"
#include "sources/gpu/drm_sysfs.h"
#include "sources/linux/env/driver.h"

#include <ftw.h>

#define FIXTURES "tests/fixtures/gpu/"

static const uint64_t kib = 1 << 10, mib = 1 << 20;
static const int64_t second_ns = 1000000000;

static struct dn_text read_fixture(const char *path) {
        struct dn_text text = {0};

        assert_int_equal(dn_file_append(AT_FDCWD, path, 65536, &text), 0);
        return text;
}

static struct dn_drm_fdinfo parsed(struct dn_str file) {
        struct dn_drm_fdinfo info;

        assert_int_equal(dn_drm_fdinfo_parse(file, &info), 0);
        return info;
}

static struct dn_drm_fdinfo fixture(const char *path) {
        dn_autotext struct dn_text text = read_fixture(path);

        return parsed(dn_text_str(&text));
}

static const struct dn_drm_engine *engine(const struct dn_drm_fdinfo *info, const char *name) {
        for (uint32_t i = 0; i < info->n_engines; i++)
                if (strcmp(info->engines[i].name, name) == 0)
                        return &info->engines[i];
        fail_msg("no engine %s", name);
        return NULL;
}

/* ----------------------------------------------------------------------------------------------------- fdinfo */

static void amdgpu_tells_time_by_engine_and_memory_by_region(void **state) {
        struct dn_drm_fdinfo info = fixture(FIXTURES "amdgpu/fdinfo");

        assert_string_equal(info.driver, "amdgpu");
        assert_string_equal(info.device, "0000:03:00.0");
        assert_true(info.has_client);
        assert_int_equal(info.client, 24);
        assert_int_equal(info.n_engines, 4);
        assert_true(engine(&info, "gfx")->has_ns);
        assert_int_equal(engine(&info, "gfx")->busy_ns, 1234567890);
        assert_int_equal(engine(&info, "compute")->busy_ns, 400000000);
        assert_int_equal(info.own_bytes, 2031616 * kib);
        assert_int_equal(info.system_bytes, 18560 * kib);
}

static void of_an_older_amdgpu_the_older_keys_count(void **state) {
        struct dn_drm_fdinfo info = fixture(FIXTURES "amdgpu-5.19/fdinfo");

        assert_int_equal(info.own_bytes, 4 * mib);
        assert_int_equal(info.system_bytes, 2 * mib);
}

static void i915_has_engines_of_some_capacity_and_the_machine_s_memory(void **state) {
        struct dn_drm_fdinfo info = fixture(FIXTURES "i915/fdinfo");

        assert_int_equal(engine(&info, "render")->busy_ns, 9288864723);
        assert_int_equal(engine(&info, "render")->capacity, 1);
        assert_int_equal(engine(&info, "video")->capacity, 2);
        assert_int_equal(engine(&info, "video-enhance")->capacity, 1);
        assert_false(info.has_own);
        assert_int_equal(info.system_bytes, 6044 * kib);
}

static void xe_tells_cycles_of_how_many(void **state) {
        struct dn_drm_fdinfo info = fixture(FIXTURES "xe/fdinfo");

        assert_true(engine(&info, "rcs")->has_cycles);
        assert_false(engine(&info, "rcs")->has_ns);
        assert_int_equal(engine(&info, "rcs")->cycles, 28257900);
        assert_int_equal(engine(&info, "rcs")->total_cycles, 7655183225);
        assert_int_equal(engine(&info, "ccs")->capacity, 4);
        assert_int_equal(info.own_bytes, 23992 * kib);
        assert_int_equal(info.system_bytes, 192 * kib);
}

static void nouveau_tells_who_and_no_more(void **state) {
        struct dn_drm_fdinfo info = fixture(FIXTURES "nouveau/fdinfo");

        assert_string_equal(info.driver, "nouveau");
        assert_int_equal(info.n_engines, 0);
        assert_false(info.has_own || info.has_system);
}

static void panfrost_has_no_address_and_tells_time_and_cycles(void **state) {
        struct dn_drm_fdinfo info = fixture(FIXTURES "panfrost/fdinfo");

        assert_string_equal(info.device, "");
        assert_int_equal(info.n_engines, 2);
        assert_int_equal(engine(&info, "fragment")->busy_ns, 1846584880);
        assert_int_equal(engine(&info, "fragment")->max_hz, 799999987);
        assert_int_equal(info.system_bytes, 36496 * kib);
}

static void what_is_resident_counts_before_what_was_asked_for(void **state) {
        struct dn_drm_fdinfo info =
                parsed(DN_STR("drm-driver: x\ndrm-total-vram: 8 MiB\ndrm-memory-vram: 5 MiB\ndrm-total-gtt: 3\n"
                              "drm-memory-local0: 1 GiB\n"));

        assert_int_equal(info.own_bytes, 5 * mib + 1024 * mib);
        assert_int_equal(info.system_bytes, 3);
        info = parsed(DN_STR("drm-driver: x\ndrm-resident-vram: 2 MiB\ndrm-total-vram: 8 MiB\n"));
        assert_int_equal(info.own_bytes, 2 * mib);
}

static void other_files_and_broken_ones_are_refused(void **state) {
        static const struct dn_str bad[] = {
                DN_STR(""),
                DN_STR("pos:\t0\nflags:\t02\n"),
                DN_STR("drm-driver:\n"),
                DN_STR("drm-driver: x\ndrm-client-id: -1\n"),
                DN_STR("drm-driver: x\ndrm-client-id: 12x\n"),
                DN_STR("drm-driver: x\ndrm-engine-gfx: 5 ticks\n"),
                DN_STR("drm-driver: x\ndrm-engine-gfx: 99999999999999999999 ns\n"),
                DN_STR("drm-driver: x\ndrm-memory-vram: 9223372036854775807 MiB\n"),
                DN_STR("drm-driver: x\ndrm-engine-gfx 5 ns\n"),
                DN_STR("drm-driver: a-name-that-is-longer-than-any-driver-has\n"),
        };

        for (size_t i = 0; i < DN_COUNT(bad); i++) {
                struct dn_drm_fdinfo info;

                memset(&info, 0xa5, sizeof(info));
                assert_int_equal(dn_drm_fdinfo_parse(bad[i], &info), -EBADMSG);
                assert_int_equal((unsigned char)info.driver[0], 0xa5);
        }
}

/* ------------------------------------------------------------------------------------------------------- /sys */

static struct dn_gpu_device read_sys(const char *path, int64_t *ret_energy_uj) {
        dn_autoclose int sys = dn_file_directory(AT_FDCWD, path);
        struct dn_drm_node node;
        struct dn_gpu_device d = {.part = DN_GPU_WHOLE};

        assert_int_equal(dn_drm_find(sys, &node, 1), 1);
        dn_drm_node_read(&node, &d, ret_energy_uj);
        dn_drm_node_close(&node);
        return d;
}

static void of_amdgpu_sys_has_nearly_all(void **state) {
        int64_t energy_uj;
        struct dn_gpu_device d = read_sys(FIXTURES "amdgpu/sys", &energy_uj);

        assert_string_equal(d.name, "Radeon RX 6800 XT");
        assert_value(&d, DN_GPU_BUSY_CENTI, 8700);
        assert_value(&d, DN_GPU_MEMORY_BUSY_CENTI, 1200);
        assert_value(&d, DN_GPU_MEMORY_TOTAL_BYTES, 17163091968);
        assert_value(&d, DN_GPU_MEMORY_USED_BYTES, 2214592512);
        assert_value(&d, DN_GPU_CELSIUS, 61);
        assert_value(&d, DN_GPU_POWER_MW, 213000);
        assert_value(&d, DN_GPU_CLOCK_MHZ, 2310);
        assert_value(&d, DN_GPU_MEMORY_CLOCK_MHZ, 1000);
        assert_unknown(&d, DN_GPU_THROTTLE_BITS);
        assert_int_equal(energy_uj, -1);
}

static void of_intel_s_sys_has_clocks_reasons_and_energy(void **state) {
        int64_t energy_uj;
        struct dn_gpu_device d = read_sys(FIXTURES "i915/sys", &energy_uj);

        assert_string_equal(d.name, "i915 8086:46A6");
        assert_value(&d, DN_GPU_CLOCK_MHZ, 1150);
        assert_value(&d, DN_GPU_THROTTLE_BITS, DN_GPU_POWER_CAP);
        assert_unknown(&d, DN_GPU_BUSY_CENTI);
        d = read_sys(FIXTURES "xe/sys", &energy_uj);
        assert_value(&d, DN_GPU_CLOCK_MHZ, 2400);
        assert_value(&d, DN_GPU_THROTTLE_BITS, DN_GPU_HOT);
        assert_value(&d, DN_GPU_CELSIUS, 54);
        assert_int_equal(energy_uj, 36728200000);
}

static void of_others_it_has_what_they_measure(void **state) {
        int64_t energy_uj;
        struct dn_gpu_device d = read_sys(FIXTURES "nouveau/sys", &energy_uj);

        assert_value(&d, DN_GPU_CELSIUS, 44);
        assert_value(&d, DN_GPU_POWER_MW, 32700);
        d = read_sys(FIXTURES "panfrost/sys", &energy_uj);
        assert_string_equal(d.name, "panfrost ff9a0000.gpu");
        assert_int_equal(d.has, 0);
}

static void drivers_that_tell_nothing_are_no_devices(void **state) {
        assert_true(dn_drm_tells(DN_STR("amdgpu")));
        assert_false(dn_drm_tells(DN_STR("nvidia")));
        assert_false(dn_drm_tells(DN_STR("virtio_gpu")));
        assert_int_equal(dn_drm_find(-1, NULL, 0), 0);
}

static void assert_gpus(const char *fixture_proc, const char *fixture_sys, const char *expected) {
        dn_autoclose int proc = dn_file_directory(AT_FDCWD, fixture_proc),
                         sys = dn_file_directory(AT_FDCWD, fixture_sys);
        dn_autotext struct dn_text text = {0};
        struct dn_json json = {.text = &text};

        dn_env_gpus(&json, proc, sys);
        assert_string_equal(dn_text_cstr(&text) ? text.p : "", expected);
}

static void the_environment_names_devices_and_drivers_without_a_library(void **state) {
        assert_gpus(FIXTURES "nvidia/proc", FIXTURES "nvidia/sys",
                    "\"gpus\":[{\"name\":\"NVIDIA A100-SXM4-80GB\",\"pci\":\"0000:07:00.0\",\"driver\":\"nvidia\","
                    "\"driver_version\":\"550.54.14\"},"
                    "{\"name\":\"NVIDIA A100-SXM4-80GB\",\"pci\":\"0000:0f:00.0\",\"driver\":\"nvidia\","
                    "\"driver_version\":\"550.54.14\"}]");
        assert_gpus("/nowhere", FIXTURES "amdgpu/sys",
                    "\"gpus\":[{\"name\":\"Radeon RX 6800 XT\",\"pci\":\"0000:03:00.0\",\"driver\":\"amdgpu\"}]");
        assert_gpus("/nowhere", "/nowhere", "");
}

/* ---------------------------------------------------------------------------------------------------- the walk */

static char base[32];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
        return remove(path);
}

static int begin(void **state) {
        close(make_directory(base));
        return 0;
}

static int end(void **state) {
        return nftw(base, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void put_file(const char *path, const char *content) {
        FILE *f = fopen(path, "w");

        assert_non_null(f);
        fputs(content, f);
        fclose(f);
}

/* A descriptor of a process, as /proc has it. */
static void put_fd(int pid, int fd, const char *target, const char *fdinfo) {
        char path[128];

        for (size_t i = 0; i < 3; i++) {
                static const char *const formats[] = {"%s/%d", "%s/%d/fd", "%s/%d/fdinfo"};

                snprintf(path, sizeof(path), formats[i], base, pid);
                assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
        }
        snprintf(path, sizeof(path), "%s/%d/fd/%d", base, pid, fd);
        unlink(path);
        assert_int_equal(symlink(target, path), 0);
        snprintf(path, sizeof(path), "%s/%d/fdinfo/%d", base, pid, fd);
        put_file(path, fdinfo);
}

#define AMD "drm-driver:\tamdgpu\ndrm-pdev:\t0000:03:00.0\n"
#define NODE "/dev/dri/renderD128"

struct watched {
        struct dn_drm *drm;
        int sys, proc;
        struct dn_gpu_tree tree;
        int64_t at_ns;
};

static const int64_t pids[] = {10, 11, 12};

static struct watched watch(const char *sys) {
        struct watched w = {.sys = dn_file_directory(AT_FDCWD, sys), .proc = dn_file_directory(AT_FDCWD, base)};

        w.tree = (struct dn_gpu_tree){.proc = w.proc, .pids = pids, .n = 3, .host_proc = -1};
        w.at_ns = second_ns;
        assert_int_equal(dn_drm_open(&w.drm, w.sys), 0);
        return w;
}

static void unwatch(struct watched *w) {
        dn_drm_close(w->drm);
        close(w->sys);
        close(w->proc);
}

/* A second after the last one. */
static struct dn_gpu_device read_one(struct watched *w) {
        struct dn_gpu_reading reading = {0};
        struct dn_gpu_device d;

        assert_int_equal(dn_drm_read(w->drm, &w->tree, 4, w->at_ns, &reading), 0);
        w->at_ns += second_ns;
        assert_int_equal(reading.n, 1);
        d = reading.devices[0];
        dn_gpu_reading_free(&reading);
        return d;
}

static void the_tree_s_use_is_that_of_its_descriptors(void **state) {
        struct watched w = watch(FIXTURES "amdgpu/sys");
        struct dn_gpu_device d;

        put_fd(10, 3, "/dev/null", "pos:\t0\n");
        put_fd(10, 4, NODE, AMD "drm-client-id:\t1\ndrm-memory-vram:\t1024 KiB\ndrm-engine-gfx:\t5000000000 ns\n");
        d = read_one(&w);
        assert_int_equal(d.index, 4);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, (int64_t)mib);
        assert_unknown(&d, DN_GPU_TREE_BUSY_CENTI);
        put_fd(10, 4, NODE, AMD "drm-client-id:\t1\ndrm-memory-vram:\t2048 KiB\ndrm-engine-gfx:\t5250000000 ns\n");
        d = read_one(&w);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 2 * (int64_t)mib);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 2500);
        /* 213 W for a second, of which 25% of the 87% that it was busy. */
        assert_value(&d, DN_GPU_ENERGY_UJ, 213000000);
        unwatch(&w);
}

static void one_client_counts_once_however_many_descriptors_it_has(void **state) {
        struct watched w = watch(FIXTURES "amdgpu/sys");
        const char *first = AMD "drm-client-id:\t1\ndrm-memory-vram:\t1024 KiB\ndrm-engine-gfx:\t0 ns\n",
                   *then = AMD "drm-client-id:\t1\ndrm-memory-vram:\t1024 KiB\ndrm-engine-gfx:\t300000000 ns\n";
        struct dn_gpu_device d;

        for (int i = 0; i < 2; i++) {
                const char *info = i == 0 ? first : then;

                put_fd(10, 4, NODE, info);
                put_fd(10, 5, NODE, info);
                put_fd(11, 9, "/dev/dri/card0", info);
                d = read_one(&w);
        }
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, (int64_t)mib);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 3000);
        unwatch(&w);
}

static void clients_add_up_and_the_busiest_engine_counts(void **state) {
        struct watched w = watch(FIXTURES "amdgpu/sys");
        struct dn_gpu_device d;

        (void)read_one(&w);
        put_fd(10, 4, NODE, AMD "drm-client-id:\t1\ndrm-engine-gfx:\t100000000 ns\ndrm-engine-dec:\t350000000 ns\n");
        put_fd(11, 4, NODE, AMD "drm-client-id:\t2\ndrm-engine-gfx:\t300000000 ns\ndrm-engine-dec:\t0 ns\n");
        put_fd(99, 4, NODE, AMD "drm-client-id:\t3\ndrm-engine-gfx:\t600000000 ns\n"); /* not of the tree */
        d = read_one(&w);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 4000);
        unwatch(&w);
}

static void a_number_that_falls_stands_until_it_has_caught_up(void **state) {
        static const char *const steps[] = {"500000000", "200000000", "450000000", "700000000"};
        static const int64_t busy[] = {0, 0, 0, 2000};
        struct watched w = watch(FIXTURES "amdgpu/sys");

        for (size_t i = 0; i < DN_COUNT(steps); i++) {
                dn_autotext struct dn_text info = {0};
                struct dn_gpu_device d;

                dn_text_printf(&info, AMD "drm-client-id:\t1\ndrm-engine-gfx:\t%s ns\n", steps[i]);
                put_fd(10, 4, NODE, dn_text_cstr(&info));
                d = read_one(&w);
                if (i > 0)
                        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, busy[i]);
        }
        unwatch(&w);
}

static void cycles_are_of_the_device_s_own_count_and_capacity_divides(void **state) {
        struct watched w = watch(FIXTURES "xe/sys");
        struct dn_gpu_device d;

        for (int i = 0; i < 2; i++) {
                dn_autotext struct dn_text info = {0};

                dn_text_printf(&info,
                               "drm-driver: xe\ndrm-pdev: 0000:03:00.0\ndrm-client-id: 1\ndrm-resident-vram0: 64 KiB\n"
                               "drm-cycles-rcs: %d\ndrm-total-cycles-rcs: %d\n"
                               "drm-cycles-ccs: %d\ndrm-total-cycles-ccs: %d\ndrm-engine-capacity-ccs: 4\n",
                               1000 + i * 100, 10000 + i * 1000, i * 2000, 10000 + i * 1000);
                put_fd(10, 4, "/dev/dri/renderD129", dn_text_cstr(&info));
                d = read_one(&w);
        }
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 5000);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 64 * (int64_t)kib);
        assert_value(&d, DN_GPU_ENERGY_UJ, 0);
        assert_unknown(&d, DN_GPU_TREE_ENERGY_UJ); /* how busy it is with others nobody tells */
        unwatch(&w);
}

static void a_device_without_an_address_is_known_by_its_node(void **state) {
        struct watched w = watch(FIXTURES "panfrost/sys");
        struct dn_gpu_device d;

        (void)read_one(&w);
        put_fd(10, 4, "/dev/dri/renderD129",
               "drm-driver: panfrost\ndrm-client-id: 1\ndrm-engine-fragment: 700000000 ns\ndrm-resident-memory: 1 "
               "MiB\n");
        put_fd(10, 5, "/dev/dri/renderD130", "drm-driver: panfrost\ndrm-client-id: 2\ndrm-resident-memory: 1 MiB\n");
        d = read_one(&w);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 7000);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, (int64_t)mib);
        unwatch(&w);
}

static void without_such_a_device_there_is_nothing_to_open(void **state) {
        struct dn_drm *drm;

        assert_int_equal(dn_drm_open(&drm, -1), -ENODEV);
}

#define TEST(name) cmocka_unit_test(name)
#define WALK(name) cmocka_unit_test_setup_teardown(name, begin, end)
RUN_TESTS(TEST(amdgpu_tells_time_by_engine_and_memory_by_region), TEST(of_an_older_amdgpu_the_older_keys_count),
          TEST(i915_has_engines_of_some_capacity_and_the_machine_s_memory), TEST(xe_tells_cycles_of_how_many),
          TEST(nouveau_tells_who_and_no_more), TEST(panfrost_has_no_address_and_tells_time_and_cycles),
          TEST(what_is_resident_counts_before_what_was_asked_for), TEST(other_files_and_broken_ones_are_refused),
          TEST(of_amdgpu_sys_has_nearly_all), TEST(of_intel_s_sys_has_clocks_reasons_and_energy),
          TEST(of_others_it_has_what_they_measure), TEST(drivers_that_tell_nothing_are_no_devices),
          TEST(the_environment_names_devices_and_drivers_without_a_library),
          WALK(the_tree_s_use_is_that_of_its_descriptors), WALK(one_client_counts_once_however_many_descriptors_it_has),
          WALK(clients_add_up_and_the_busiest_engine_counts), WALK(a_number_that_falls_stands_until_it_has_caught_up),
          WALK(cycles_are_of_the_device_s_own_count_and_capacity_divides),
          WALK(a_device_without_an_address_is_known_by_its_node), TEST(without_such_a_device_there_is_nothing_to_open))
