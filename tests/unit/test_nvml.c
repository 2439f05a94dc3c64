/* SPDX-License-Identifier: GPL-3.0-or-later
 * Against the library of tests/doubles/nvml.c, whose figures stand there. */
#include "common.h"
#include "gpu_values.h"
#include "sources/gpu/nvml.h"
#include "sources/gpu/nvml_load.h"

static const int64_t gib = 1 << 30, mib = 1 << 20;

static const struct dn_gpu_tree nobody = {.proc = -1, .host_proc = -1};

static struct dn_nvml *open_fake(const char *library, const char *setting) {
        dn_autotext struct dn_text why = {0};
        struct dn_nvml *n;

        setenv("FAKE_NVML", setting, 1);
        assert_int_equal(dn_nvml_open(&n, library, &why), 0);
        return n;
}

static void refuse(const char *library, const char *setting, const char *why_not) {
        dn_autotext struct dn_text why = {0};
        struct dn_nvml *n;

        setenv("FAKE_NVML", setting, 1);
        assert_true(dn_nvml_open(&n, library, &why) < 0);
        assert_text_is(&why, why_not);
}

static struct dn_gpu_reading read_for(struct dn_nvml *n, const struct dn_gpu_tree *tree) {
        struct dn_gpu_reading reading = {0};

        assert_int_equal(dn_nvml_read(n, tree, &reading), 0);
        return reading;
}

/* A reading of one device, the second, for a tree; what is counted is counted from the first on. */
static struct dn_gpu_device second_reading(const char *library, const char *setting, const struct dn_gpu_tree *tree) {
        struct dn_nvml *n = open_fake(library, setting);
        struct dn_gpu_reading reading = read_for(n, tree);
        struct dn_gpu_device d;

        dn_gpu_reading_free(&reading);
        reading = read_for(n, tree);
        assert_true(reading.n > 0);
        d = reading.devices[0];
        dn_gpu_reading_free(&reading);
        dn_nvml_close(n);
        return d;
}

static struct dn_gpu_tree tree_of(const int64_t *pids, uint32_t n) {
        return (struct dn_gpu_tree){.proc = -1, .pids = pids, .n = n, .host_proc = -1};
}

/* ------------------------------------------------------------------------------------------------- devices */

static void figures_are_those_that_the_driver_told(void **state) {
        struct dn_gpu_device d = second_reading(FAKE, "", &nobody);

        assert_string_equal(d.name, "Fake A100");
        assert_value(&d, DN_GPU_BUSY_CENTI, 4000);
        assert_value(&d, DN_GPU_MEMORY_BUSY_CENTI, 2000);
        assert_value(&d, DN_GPU_MEMORY_TOTAL_BYTES, 80 * gib);
        assert_value(&d, DN_GPU_MEMORY_USED_BYTES, gib);
        assert_value(&d, DN_GPU_CELSIUS, 50);
        assert_value(&d, DN_GPU_POWER_MW, 250000);
        assert_value(&d, DN_GPU_CLOCK_MHZ, 1410);
        assert_value(&d, DN_GPU_MEMORY_CLOCK_MHZ, 1593);
        assert_value(&d, DN_GPU_THROTTLE_BITS, DN_GPU_POWER_CAP | DN_GPU_HOT);
        assert_value(&d, DN_GPU_RX_BYTES, 1000);
        assert_value(&d, DN_GPU_TX_BYTES, 2000);
        assert_value(&d, DN_GPU_ENERGY_UJ, 1000000);
}

static void eight_devices_are_eight(void **state) {
        struct dn_nvml *n = open_fake(FAKE, "devices=8");
        struct dn_gpu_reading reading = read_for(n, &nobody);

        assert_int_equal(dn_nvml_count(n), 8);
        assert_int_equal(reading.n, 8);
        for (int i = 0; i < 8; i++) {
                assert_int_equal(reading.devices[i].index, i);
                assert_value(&reading.devices[i], DN_GPU_CELSIUS, 50 + i);
        }
        assert_string_equal(dn_nvml_driver_version(n), "550.54.14");
        dn_gpu_reading_free(&reading);
        dn_nvml_close(n);
}

static void counters_of_32_bits_may_wrap(void **state) {
        struct dn_gpu_device d = second_reading(FAKE, "wrap=1", &nobody);

        assert_value(&d, DN_GPU_RX_BYTES, 1000);
        assert_value(&d, DN_GPU_TX_BYTES, 2000);
}

static void without_counters_of_bytes_there_are_rates(void **state) {
        struct dn_gpu_device d = second_reading(FAKE, "fail=field:3", &nobody);

        assert_value(&d, DN_GPU_RX_BYTES, 0); /* a second is not over */
        d = second_reading(FAKE, "fail=field:3 fail=nvmlDeviceGetPcieThroughput:3", &nobody);
        assert_unknown(&d, DN_GPU_RX_BYTES);
}

static void what_one_call_does_not_tell_is_missing_and_the_rest_is_there(void **state) {
        static const struct {
                const char *setting;
                int value;
        } cases[] = {
                {"fail=nvmlDeviceGetUtilizationRates:3", DN_GPU_BUSY_CENTI},
                {"fail=nvmlDeviceGetTemperature:999", DN_GPU_CELSIUS},
                {"fail=nvmlDeviceGetPowerUsage:3", DN_GPU_POWER_MW},
                {"fail=nvmlDeviceGetClockInfo:3", DN_GPU_CLOCK_MHZ},
                {"fail=nvmlDeviceGetCurrentClocksEventReasons:3", DN_GPU_THROTTLE_BITS},
                {"fail=nvmlDeviceGetComputeRunningProcesses:999", DN_GPU_TREE_MEMORY_BYTES},
                {"fail=nvmlDeviceGetMemoryInfo_v2:3 fail=nvmlDeviceGetMemoryInfo:3", DN_GPU_MEMORY_USED_BYTES},
                {"fail=nvmlDeviceGetTotalEnergyConsumption:3 fail=nvmlDeviceGetPowerUsage:3", DN_GPU_ENERGY_UJ},
        };

        for (size_t i = 0; i < DN_COUNT(cases); i++) {
                struct dn_gpu_device d = second_reading(FAKE, cases[i].setting, &nobody);

                assert_unknown(&d, cases[i].value);
                assert_true(__builtin_popcount(d.has) >= 8);
        }
}

static void the_second_version_of_memory_leaves_out_what_the_driver_keeps(void **state) {
        struct dn_gpu_device d = second_reading(FAKE, "fail=nvmlDeviceGetMemoryInfo_v2:25", &nobody);

        assert_value(&d, DN_GPU_MEMORY_USED_BYTES, gib + gib / 2);
}

static void without_a_count_of_energy_power_is_added_up(void **state) {
        struct dn_gpu_meter meter = {0};
        int64_t uj = 0;
        struct dn_gpu_device d = second_reading(FAKE, "fail=nvmlDeviceGetTotalEnergyConsumption:3 slow_ms=20", &nobody);

        assert_true(dn_gpu_get(&d, DN_GPU_ENERGY_UJ, &uj));
        assert_true(uj >= 5000000); /* 250 W for 20 ms at least */
        dn_gpu_meter_add(&meter, 1000000000, 100000);
        dn_gpu_meter_add(&meter, 3000000000, 200000);
        assert_int_equal(meter.energy_uj, 300000000);
}

static void a_lost_device_is_there_no_more_and_is_named(void **state) {
        struct dn_nvml *n = open_fake(FAKE, "devices=3 lose=1@2");
        struct dn_gpu_reading reading = read_for(n, &nobody);

        assert_int_equal(reading.n, 3);
        assert_str_is(dn_nvml_trouble(n), "");
        dn_gpu_reading_free(&reading);
        for (int i = 0; i < 2; i++) {
                reading = read_for(n, &nobody);
                assert_int_equal(reading.n, 2);
                assert_int_equal(reading.devices[1].index, 2);
                assert_str_is(dn_nvml_trouble(n), "GPU 1 (Fake A100) is lost: it has fallen off the bus");
                dn_gpu_reading_free(&reading);
        }
        assert_int_equal(dn_nvml_count(n), 2);
        dn_nvml_close(n);
}

static void the_parts_of_a_device_stand_behind_it(void **state) {
        const int64_t pids[] = {4711};
        const struct dn_gpu_tree tree = tree_of(pids, 1);
        struct dn_nvml *n = open_fake(FAKE, "devices=2 mig=3 proc=4711:500:30 proc=4712:100:30");
        struct dn_gpu_reading reading = read_for(n, &tree);

        assert_int_equal(dn_nvml_count(n), 2);
        assert_int_equal(reading.n, 5);
        assert_int_equal(reading.devices[0].part, DN_GPU_WHOLE);
        assert_value(&reading.devices[0], DN_GPU_TREE_MEMORY_BYTES, 500 * mib);
        for (int i = 1; i < 4; i++) {
                const struct dn_gpu_device *d = &reading.devices[i];

                assert_int_equal(d->index, 0);
                assert_int_equal(d->part, i - 1);
                assert_string_equal(d->name, "Fake A100 MIG 1g.10gb");
                assert_value(d, DN_GPU_MEMORY_TOTAL_BYTES, 10 * gib);
                assert_value(d, DN_GPU_TREE_MEMORY_BYTES, i == 1 ? 500 * mib : 0);
                assert_unknown(d, DN_GPU_CELSIUS);
        }
        assert_int_equal(reading.devices[4].index, 1);
        dn_gpu_reading_free(&reading);
        dn_nvml_close(n);
}

/* ----------------------------------------------------------------------------------------------- the library */

static void an_old_library_is_read_as_far_as_it_goes(void **state) {
        const int64_t pids[] = {4711};
        const struct dn_gpu_tree tree = tree_of(pids, 1);
        struct dn_gpu_device d = second_reading(FAKE_OLD, "proc=4711:500:30 proc=4712:100:30", &tree);

        assert_value(&d, DN_GPU_MEMORY_USED_BYTES, gib + gib / 2);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 500 * mib);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 3000);
        assert_value(&d, DN_GPU_THROTTLE_BITS, DN_GPU_POWER_CAP | DN_GPU_HOT);
        assert_true(d.has >> DN_GPU_ENERGY_UJ & 1);
}

static void why_there_are_no_devices_is_said(void **state) {
        refuse("/nowhere/libnvidia-ml.so.1", "", "no driver library (libnvidia-ml.so.1)");
        refuse(FAKE, "fail=nvmlInit:9", "the NVIDIA driver is not loaded");
        refuse(FAKE, "fail=nvmlInit:18", "driver and library are of different versions; reboot, or reload the driver");
        refuse(FAKE, "devices=0", "the NVIDIA driver has no device");
        refuse(FAKE, "fail=nvmlDeviceGetHandleByIndex:4", "no permission");
        refuse(FAKE, "fail=nvmlDeviceGetCount:999", "the NVIDIA driver fails");
}

static void a_file_that_is_no_library_is_not_one_that_is_missing(void **state) {
        dn_autotext struct dn_text why = {0};
        struct dn_nvml_api api;

        assert_int_equal(dn_nvml_load(&api, "/proc/self/status", &why), -ELIBACC);
        assert_non_null(strstr(dn_text_cstr(&why), "/proc/self/status"));
        dn_text_reset(&why);
        assert_int_equal(dn_nvml_load(&api, "libc.so.6", &why), -ELIBACC);
        assert_text_is(&why, "libnvidia-ml.so.1 is not one that denet knows");
}

/* ------------------------------------------------------------------------------------------------- the tree */

static void the_tree_has_what_its_processes_have(void **state) {
        const int64_t pids[] = {10, 4711, 4713};
        const struct dn_gpu_tree tree = tree_of(pids, 3);
        struct dn_gpu_device d =
                second_reading(FAKE, "proc=4711:500:30 proc=4712:100:10 proc=4713:200:20 proc1=10:900:5", &tree);

        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 700 * mib);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 5000);
        /* Of the second joule 5 in 6, and of the first nothing: it was used before. */
        assert_value(&d, DN_GPU_ENERGY_UJ, 1000000);
        assert_value(&d, DN_GPU_TREE_ENERGY_UJ, 833333);
}

static void who_is_not_there_has_nothing(void **state) {
        const int64_t pids[] = {10};
        const struct dn_gpu_tree tree = tree_of(pids, 1);
        struct dn_gpu_device d = second_reading(FAKE, "proc=4711:500:30", &tree);

        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 0);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 0);
        assert_value(&d, DN_GPU_TREE_ENERGY_UJ, 0);
}

static void memory_that_the_driver_does_not_tell_is_not_nothing(void **state) {
        const int64_t pids[] = {10};
        const struct dn_gpu_tree tree = tree_of(pids, 1);
        struct dn_gpu_device d = second_reading(FAKE, "proc=10:0:30", &tree);

        assert_unknown(&d, DN_GPU_TREE_MEMORY_BYTES);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 3000);
}

static void without_samples_the_only_one_there_has_it_all(void **state) {
        const int64_t pids[] = {10};
        const struct dn_gpu_tree tree = tree_of(pids, 1);
        struct dn_gpu_device d = second_reading(FAKE, "fail=nvmlDeviceGetProcessUtilization:3 proc=10:100:30", &tree);

        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 4000);
        assert_value(&d, DN_GPU_TREE_ENERGY_UJ, 1000000);
        d = second_reading(FAKE, "fail=nvmlDeviceGetProcessUtilization:3 proc=10:100:30 proc=11:100:30", &tree);
        assert_unknown(&d, DN_GPU_TREE_BUSY_CENTI);
        assert_unknown(&d, DN_GPU_TREE_ENERGY_UJ);
        d = second_reading(FAKE, "fail=nvmlDeviceGetProcessUtilization:3 proc=11:100:30", &tree);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 0);
}

static void lists_that_grow_are_read_whole(void **state) {
        const int64_t pids[] = {10};
        const struct dn_gpu_tree tree = tree_of(pids, 1);
        struct dn_nvml *n = open_fake(FAKE, "grow=1 proc=10:77:30");

        for (int i = 0; i < 8; i++) {
                struct dn_gpu_reading reading = read_for(n, &tree);

                assert_value(&reading.devices[0], DN_GPU_TREE_MEMORY_BYTES, 77 * mib);
                dn_gpu_reading_free(&reading);
        }
        dn_nvml_close(n);
}

/* ------------------------------------------------------------------------------------------ PID namespaces */

static void make_process(const char *proc, int pid, const char *device, const char *numbers, int start) {
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "mkdir -p %s/%d/fd && ln -s %s %s/%d/fd/3", proc, pid, device, proc, pid);
        assert_int_equal(system(path), 0);
        snprintf(path, sizeof(path), "%s/%d/status", proc, pid);
        f = fopen(path, "w");
        fprintf(f, "Name:\tx\nNSpid:\t%s\n", numbers);
        fclose(f);
        snprintf(path, sizeof(path), "%s/%d/stat", proc, pid);
        f = fopen(path, "w");
        fprintf(f, "%d (x) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0\n", pid,
                start);
        fclose(f);
}

static void remove_all(const char *path) {
        char command[64];

        snprintf(command, sizeof(command), "rm -r %s", path);
        assert_int_equal(system(command), 0);
}

/* 7 of the tree has the device open, and 8 has not. */
static void in_a_namespace_a_number_counts_only_of_who_has_the_device_open(void **state) {
        const int64_t pids[] = {7, 8};
        char path[32];
        dn_autoclose int proc = make_directory(path);
        struct dn_gpu_tree tree = {.proc = proc, .pids = pids, .n = 2, .nested = true, .host_proc = -1};
        struct dn_gpu_device d;

        make_process(path, 7, "/dev/nvidia0", "7", 1);
        make_process(path, 8, "/dev/null", "8", 1);
        d = second_reading(FAKE, "proc=7:100:30 proc=8:900:50", &tree);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 100 * mib);
        assert_value(&d, DN_GPU_TREE_BUSY_CENTI, 3000);
        remove_all(path);
}

static void numbers_of_another_namespace_are_said_to_be_unknown(void **state) {
        const int64_t pids[] = {7};
        char path[32];
        dn_autoclose int proc = make_directory(path);
        struct dn_gpu_tree tree = {.proc = proc, .pids = pids, .n = 1, .nested = true, .host_proc = -1};
        struct dn_nvml *n = open_fake(FAKE, "proc=40007:100:30");
        struct dn_gpu_reading reading;

        make_process(path, 7, "/dev/nvidia0", "7", 1);
        reading = read_for(n, &tree);
        assert_unknown(&reading.devices[0], DN_GPU_TREE_MEMORY_BYTES);
        assert_unknown(&reading.devices[0], DN_GPU_TREE_BUSY_CENTI);
        assert_non_null(memmem(dn_nvml_trouble(n).p, dn_nvml_trouble(n).n, "PID namespace", 13));
        dn_gpu_reading_free(&reading);
        dn_nvml_close(n);
        remove_all(path);
}

/* The machine's /proc has both numbers of 40007; of 40008 the other one is somebody else's, by its start. */
static void where_the_machine_s_proc_is_seen_its_numbers_are_ours(void **state) {
        const int64_t pids[] = {7, 8};
        char path[32], host_path[32];
        dn_autoclose int proc = make_directory(path), host = make_directory(host_path);
        struct dn_gpu_tree tree = {.proc = proc, .pids = pids, .n = 2, .nested = true, .host_proc = host};
        struct dn_gpu_device d;

        make_process(path, 7, "/dev/null", "7", 100);
        make_process(path, 8, "/dev/null", "8", 200);
        make_process(host_path, 40007, "/dev/nvidia0", "40007\t7", 100);
        make_process(host_path, 40008, "/dev/nvidia0", "40008\t8", 201);
        d = second_reading(FAKE, "proc=40007:100:30 proc=40008:900:50", &tree);
        assert_value(&d, DN_GPU_TREE_MEMORY_BYTES, 100 * mib);
        remove_all(path);
        remove_all(host_path);
}

#define TEST(name) cmocka_unit_test(name)
RUN_TESTS(TEST(figures_are_those_that_the_driver_told), TEST(eight_devices_are_eight),
          TEST(counters_of_32_bits_may_wrap), TEST(without_counters_of_bytes_there_are_rates),
          TEST(what_one_call_does_not_tell_is_missing_and_the_rest_is_there),
          TEST(the_second_version_of_memory_leaves_out_what_the_driver_keeps),
          TEST(without_a_count_of_energy_power_is_added_up), TEST(a_lost_device_is_there_no_more_and_is_named),
          TEST(the_parts_of_a_device_stand_behind_it), TEST(an_old_library_is_read_as_far_as_it_goes),
          TEST(why_there_are_no_devices_is_said), TEST(a_file_that_is_no_library_is_not_one_that_is_missing),
          TEST(the_tree_has_what_its_processes_have), TEST(who_is_not_there_has_nothing),
          TEST(memory_that_the_driver_does_not_tell_is_not_nothing),
          TEST(without_samples_the_only_one_there_has_it_all), TEST(lists_that_grow_are_read_whole),
          TEST(in_a_namespace_a_number_counts_only_of_who_has_the_device_open),
          TEST(numbers_of_another_namespace_are_said_to_be_unknown),
          TEST(where_the_machine_s_proc_is_seen_its_numbers_are_ours))
