/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/raised.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif

typedef struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

static int get(sets s) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

        return (int)syscall(SYS_capget, &header, s);
}

static int set(sets s) {
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

        return (int)syscall(SYS_capset, &header, s);
}

struct dn_raised dn_raise(void) {
        const uint32_t wanted = 1U << (CAP_PERFMON - 32) | 1U << (CAP_BPF - 32);
        struct dn_raised before = {{0}, 0};
        sets s;

        if (get(s) < 0)
                return before;
        before.effective[0] = s[0].effective;
        before.effective[1] = s[1].effective;
        s[1].effective |= s[1].permitted & wanted;
        before.changed = s[1].effective != before.effective[1] && set(s) == 0;
        return before;
}

void dn_lower(const struct dn_raised *before) {
        sets s;

        if (!before->changed || get(s) < 0)
                return;
        s[0].effective = before->effective[0];
        s[1].effective = before->effective[1];
        (void)set(s);
}
