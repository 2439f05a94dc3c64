/* SPDX-License-Identifier: GPL-3.0-or-later
 * The machine as a stream of two records: env, and the capabilities as a run's metadata record has them. */
#include "sources/probe.h"
#include "base/guard.h"
#include "base/json_write.h"
#include "host/cgroup.h"
#include "host/clock.h"
#include "sources/env.h"
#include "stream/stream.h"

#include <fcntl.h>

/* In the records' names and order. */
static const struct {
        struct dn_str key;
        int id;
} abilities[] = {
        {DN_STR("processes"), DN_ABILITY_PROCESSES},
        {DN_STR("io"), DN_ABILITY_IO},
        {DN_STR("psi"), DN_ABILITY_PSI},
        {DN_STR("perf_hw"), DN_ABILITY_COUNTERS},
        {DN_STR("rapl"), DN_ABILITY_ENERGY},
        {DN_STR("gpu"), DN_ABILITY_GPU},
        {DN_STR("ebpf"), DN_ABILITY_EBPF},
};

static void write_reasons(struct dn_json *json, const struct dn_ability *a) {
        if (a->reason.n > 0)
                dn_json_key_string(json, DN_STR("reason"), dn_text_str(&a->reason));
        if (a->hint.n > 0)
                dn_json_key_string(json, DN_STR("hint"), dn_text_str(&a->hint));
}

static void write_ability(struct dn_json *json, const struct dn_ability *a) {
        dn_json_object(json);
        dn_json_key_bool(json, DN_STR("available"), a->can != DN_CAN_NOT);
        if (a->can == DN_CAN_PARTLY)
                dn_json_key_bool(json, DN_STR("partial"), true);
        if (a->hidepid > 0)
                dn_json_key_i64(json, DN_STR("hidepid"), a->hidepid);
        write_reasons(json, a);
        dn_json_object_end(json);
}

/* Of the one that denet is in; a run may have one of its own. */
static void write_cgroup(struct dn_json *json, const struct dn_env_roots *roots) {
        DN_GUARD(dn_cgroup_close) struct dn_cgroup c = {0};
        int64_t cores_milli = dn_cores_limit_milli(roots->proc, roots->sys),
                memory_kb = dn_memory_limit_kb(roots->proc, roots->sys);

        dn_cgroup_init(&c);
        (void)dn_cgroup_find(&c, NULL, "self");
        dn_json_object(json);
        dn_json_key_bool(json, DN_STR("available"), c.version > 0);
        if (c.version > 0) {
                dn_json_key_i64(json, DN_STR("version"), c.version);
                dn_json_key_string(json, DN_STR("path"), dn_text_str(&c.path));
        }
        if (memory_kb >= 0)
                dn_json_key_i64(json, DN_STR("memory_limit_kb"), memory_kb);
        if (cores_milli >= 0)
                dn_json_key_fixed(json, DN_STR("cores_limit"), cores_milli, 3);
        if (c.why.n > 0)
                dn_json_key_string(json, DN_STR("reason"), dn_text_str(&c.why));
        if (c.hint.n > 0)
                dn_json_key_string(json, DN_STR("hint"), dn_text_str(&c.hint));
        dn_json_object_end(json);
}

/* What the machine allows is of no use without the part of denet that does it. */
static void look_for_module(struct dn_ability *a, const char *name) {
        dn_autotext struct dn_text why = {0};
        struct dn_loaded module = {0};

        if (a->can == DN_CAN_NOT)
                return;
        if (dn_module_open(&module, name, &why) == 0) {
                dn_module_close(&module);
                return;
        }
        a->can = DN_CAN_NOT;
        dn_text_reset(&a->reason);
        dn_text_reset(&a->hint);
        dn_text_put(&a->reason, dn_text_str(&why));
        dn_text_put(&a->hint, DN_STR("tools/install-deps && make && sudo make install"));
}

static void write_capabilities(struct dn_json *json, const struct dn_env_roots *roots) {
        struct dn_probe_roots where = {roots->proc, roots->sys, roots->root, dn_probe_counter(), dn_probe_bpf()};
        struct dn_ability found[DN_ABILITIES] = {0};

        dn_abilities_look(found, &where);
        look_for_module(&found[DN_ABILITY_EBPF], "ebpf");
        dn_json_object(json);
        for (size_t i = 0; i < DN_COUNT(abilities); i++) {
                dn_json_key(json, abilities[i].key);
                write_ability(json, &found[abilities[i].id]);
        }
        dn_json_key(json, DN_STR("cgroup"));
        write_cgroup(json, roots);
        dn_json_object_end(json);
        dn_abilities_free(found);
}

static int say_machine(struct denet *d, const struct dn_env_roots *roots, int64_t unix_ms) {
        dn_autotext struct dn_text line = {0}, host = {0};
        struct dn_json json = {.text = &line};
        int64_t limit_kb = dn_memory_limit_kb(roots->proc, roots->sys);

        (void)dn_hostname(roots->proc, &host);
        dn_json_object(&json);
        dn_json_key_string(&json, DN_STR("kind"), DN_STR("metadata"));
        dn_json_key_i64(&json, DN_STR("t0_ms"), unix_ms);
        dn_json_key_string(&json, DN_STR("host"), dn_text_str(&host));
        dn_json_key_i64(&json, DN_STR("cores"), dn_usable_cores());
        if (dn_memory_total_kb(roots->proc) >= 0)
                dn_json_key_i64(&json, DN_STR("memory_total_kb"), dn_memory_total_kb(roots->proc));
        if (limit_kb >= 0)
                dn_json_key_i64(&json, DN_STR("memory_limit_kb"), limit_kb);
        dn_json_key_string(&json, DN_STR("version"), dn_str_of(denet_version()));
        dn_json_key(&json, DN_STR("capabilities"));
        write_capabilities(&json, roots);
        dn_json_object_end(&json);
        return dn_stream_queue_text(d, DN_METADATA, unix_ms, &line);
}

int denet_probe(denet **ret_d, const denet_options *o, denet_error *error) {
        dn_autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dn_autoclose int sys = open("/sys", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        dn_autoclose int top = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dn_env_roots roots = {proc, sys, top};
        dn_autotext struct dn_text env = {0};
        int64_t unix_ms = dn_clock_unix_ms();
        denet *d;
        /* Two records that are there from the start, and none behind them: a file that is empty. */
        int r = denet_parse(&d, o, "", 0, error);

        if (r < 0)
                return r;
        dn_env_write(&env, &roots, unix_ms, NULL, NULL);
        r = dn_stream_queue_text(d, DN_ENV, unix_ms, &env);
        if (r == 0)
                r = say_machine(d, &roots, unix_ms);
        if (r < 0) {
                denet_free(d);
                return dn_fail(error, r, "no memory to look at this machine with; end other programs");
        }
        *ret_d = d;
        return 0;
}
