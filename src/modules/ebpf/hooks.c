/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/hooks.h"
#include "base/str.h"
#include "bpf/abi.h"

#include "denet.skel.h"
#include <bpf/btf.h>
#include <stdio.h>
#include <sys/utsname.h>

static bool has(const struct btf *types, const char *name, uint32_t kind) {
        return btf__find_by_name_kind(types, name, kind) > 0;
}

static uint32_t count_arguments(const struct btf *types, const char *name) {
        int id = btf__find_by_name_kind(types, name, BTF_KIND_FUNC);
        const struct btf_type *function = id > 0 ? btf__type_by_id(types, (uint32_t)id) : NULL;
        const struct btf_type *prototype = function ? btf__type_by_id(types, function->type) : NULL;

        return prototype ? btf_vlen(prototype) : 0;
}

bool dn_hooks_of_today(void) {
        const int major_least = 6, minor_least = 5;
        struct utsname name;
        int major, minor;

        if (uname(&name) < 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2)
                return true;
        return major > major_least || (major == major_least && minor >= minor_least);
}

struct dn_hooks dn_hooks_find(void) {
        enum { WITH_NONBLOCK = 6 };
        struct btf *types = btf__load_vmlinux_btf();
        struct dn_hooks hooks = {0};

        if (!types)
                return hooks;
        hooks.sockets = has(types, "btf_trace_sock_send_length", BTF_KIND_TYPEDEF);
        hooks.requests = has(types, "btf_trace_block_io_start", BTF_KIND_TYPEDEF);
        hooks.tcp_page = has(types, "tcp_sendpage", BTF_KIND_FUNC);
        hooks.udp_page = has(types, "ip_append_page", BTF_KIND_FUNC);
        hooks.unix_page = has(types, "unix_stream_sendpage", BTF_KIND_FUNC);
        hooks.nonblock = count_arguments(types, "tcp_recvmsg") == WITH_NONBLOCK;
        btf__free(types);
        return hooks;
}

void dn_hooks_choose(struct dn_bpf *b, const struct dn_hooks *hooks, bool wanted) {
        struct bpf_program *const always[] = {
                b->progs.on_tcp_send,         b->progs.on_udp_send,      b->progs.on_udp6_send,
                b->progs.on_unix_send,        b->progs.on_datagram_send, b->progs.on_tcp_receive,
                b->progs.on_udp_receive,      b->progs.on_udp6_receive,  b->progs.on_unix_receive,
                b->progs.on_datagram_receive,
        };

        for (size_t i = 0; i < DN_COUNT(always); i++)
                bpf_program__set_autoload(always[i], wanted);
        bpf_program__set_autoload(b->progs.on_tcp_page, wanted && hooks->tcp_page);
        bpf_program__set_autoload(b->progs.on_udp_page, wanted && hooks->udp_page);
        bpf_program__set_autoload(b->progs.on_unix_page, wanted && hooks->unix_page);
}
