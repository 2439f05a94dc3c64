/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
 * Before 6.3: bytes through sockets where the protocols' own functions return, for those kernels that let programs be
 * put there. Each is called once for what it says: what calls another of them is looked at alone. */
#pragma once
#include "net.bpf.h"

static __always_inline int sent_by(struct sock *sk, int result) {
        struct dn_bpf_thread *thread = current_thread();

        if (thread && result > 0)
                count_sent(thread, socket_kind(sk), result);
        return 0;
}

static __always_inline int received_by(struct sock *sk, int flags, int result) {
        struct dn_bpf_thread *thread = current_thread();

        if (thread && result > 0 && !(flags & (MSG_PEEK | MSG_ERRQUEUE)))
                count_received(thread, socket_kind(sk), result);
        return 0;
}

SEC("fexit/tcp_sendmsg")
int BPF_PROG(on_tcp_send, struct sock *sk, struct msghdr *message, __u64 size, int result) {
        return sent_by(sk, result);
}

SEC("fexit/tcp_sendpage")
int BPF_PROG(on_tcp_page, struct sock *sk, struct page *page, int offset, __u64 size, int flags, int result) {
        return sent_by(sk, result);
}

/* It may be called by the next. */
SEC("fexit/udp_sendmsg")
int BPF_PROG(on_udp_send, struct sock *sk, struct msghdr *message, __u64 size, int result) {
        return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET ? sent_by(sk, result) : 0;
}

SEC("fexit/udpv6_sendmsg")
int BPF_PROG(on_udp6_send, struct sock *sk, struct msghdr *message, __u64 size, int result) {
        return sent_by(sk, result);
}

/* Called by udp_sendpage alone; in later releases of the same kernels that calls udp_sendmsg instead. */
SEC("fexit/ip_append_page")
int BPF_PROG(on_udp_page, struct sock *sk, void *flow, struct page *page, int offset, __u64 size, int flags,
             __s64 result) {
        return result == 0 ? sent_by(sk, size) : 0;
}

/* Up to 5.18 an argument more stands before the flags. */
#define RECEIVED(context) \
        (config.nonblock ? received_by((struct sock *)(context)[0], (context)[4], (context)[6]) \
                         : received_by((struct sock *)(context)[0], (context)[3], (context)[5]))

SEC("fexit/tcp_recvmsg")
int on_tcp_receive(__u64 *context) {
        return RECEIVED(context);
}

SEC("fexit/udp_recvmsg")
int on_udp_receive(__u64 *context) {
        return RECEIVED(context);
}

SEC("fexit/udpv6_recvmsg")
int on_udp6_receive(__u64 *context) {
        return RECEIVED(context);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(on_unix_send, struct socket *socket, struct msghdr *message, __u64 size, int result) {
        return sent_by(socket->sk, result);
}

SEC("fexit/unix_stream_sendpage")
int BPF_PROG(on_unix_page, struct socket *socket, struct page *page, int offset, __u64 size, int flags, int result) {
        return sent_by(socket->sk, result);
}

SEC("fexit/unix_dgram_sendmsg")
int BPF_PROG(on_datagram_send, struct socket *socket, struct msghdr *message, __u64 size, int result) {
        return sent_by(socket->sk, result);
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(on_unix_receive, struct socket *socket, struct msghdr *message, __u64 size, int flags, int result) {
        return received_by(socket->sk, flags, result);
}

SEC("fexit/unix_dgram_recvmsg")
int BPF_PROG(on_datagram_receive, struct socket *socket, struct msghdr *message, __u64 size, int flags, int result) {
        return received_by(socket->sk, flags, result);
}
