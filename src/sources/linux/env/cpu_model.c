/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/env/cpu_model.h"
#include "base/file.h"

#include <errno.h>

/* 64-bit ARM kernels print numbers alone. Who made it and which one (MIDR_EL1); what denet is likely to meet. */
static const struct {
        const char *implementer, *part, *name;
} arm_cores[] = {
        {"0x41", "0xd03", "Cortex-A53"},  {"0x41", "0xd05", "Cortex-A55"},  {"0x41", "0xd07", "Cortex-A57"},
        {"0x41", "0xd08", "Cortex-A72"},  {"0x41", "0xd0b", "Cortex-A76"},  {"0x41", "0xd0c", "Neoverse-N1"},
        {"0x41", "0xd40", "Neoverse-V1"}, {"0x41", "0xd49", "Neoverse-N2"}, {"0x41", "0xd4f", "Neoverse-V2"},
        {"0x43", "0x0a1", "ThunderX"},    {"0x43", "0x0af", "ThunderX2"},   {"0x46", "0x001", "A64FX"},
        {"0x48", "0xd01", "Kunpeng-920"}, {"0xc0", "0xac3", "Ampere-1"},
};

/* A line of cpuinfo: the key, tabs or none, a colon, the value. */
bool dn_cpuinfo_find(struct dn_str info, struct dn_str key, struct dn_str *ret_value) {
        struct dn_str line, name;

        while (dn_str_cut(&info, '\n', &line)) {
                if (!dn_str_cut(&line, ':', &name) || !dn_str_equal(dn_str_trim(name), key))
                        continue;
                *ret_value = dn_str_trim(line);
                return ret_value->n > 0;
        }
        return false;
}

static bool put_arm(struct dn_str info, struct dn_text *text) {
        struct dn_str implementer, part;

        if (!dn_cpuinfo_find(info, DN_STR("CPU implementer"), &implementer) ||
            !dn_cpuinfo_find(info, DN_STR("CPU part"), &part))
                return false;
        for (size_t i = 0; i < DN_COUNT(arm_cores); i++)
                if (dn_str_equal(dn_str_of(arm_cores[i].implementer), implementer) &&
                    dn_str_equal(dn_str_of(arm_cores[i].part), part)) {
                        dn_text_put(text, dn_str_of(arm_cores[i].name));
                        return true;
                }
        dn_text_put(text, DN_STR("ARM implementer "));
        dn_text_put(text, implementer);
        dn_text_put(text, DN_STR(" part "));
        dn_text_put(text, part);
        return true;
}

int dn_cpuinfo_read(int proc, struct dn_text *text) {
        enum { FIRST_CPU = 8192 }; /* more than one takes, and no more is made than is asked for */

        return dn_file_append(proc, "cpuinfo", FIRST_CPU, text);
}

int dn_cpu_model(struct dn_str info, struct dn_text *text) {
        struct dn_str name;

        /* x86, LoongArch, POWER ("cpu", its first line); RISC-V and s390 say nothing that is a name. */
        if (dn_cpuinfo_find(info, DN_STR("model name"), &name) || dn_cpuinfo_find(info, DN_STR("Model Name"), &name)) {
                dn_text_put(text, name);
                return 0;
        }
        if (put_arm(info, text))
                return 0;
        if (!dn_cpuinfo_find(info, DN_STR("cpu"), &name))
                return -ENODATA;
        dn_text_put(text, name);
        return 0;
}
