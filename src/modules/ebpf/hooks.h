/* SPDX-License-Identifier: GPL-3.0-or-later
 * What the kernel has for programs to be put to, where it is not one of today. Part of the loader. */
#pragma once
#include <stdbool.h>

struct dn_bpf;

struct dn_hooks {
        bool sockets;  /* sock_send_length, sock_recv_length: since 6.3 */
        bool requests; /* block_io_start, block_io_done: since 6.5 */
        /* Where there is no `sockets`, functions: those that pages are sent by, up to 6.4, and what others look like.
         */
        bool tcp_page, udp_page, unix_page;
        bool nonblock; /* an argument of those that receive, up to 5.18 */
};

/* By its version this kernel has them all, as 6.5 has. */
bool dn_hooks_of_today(void);
/* Reads the types of the whole kernel: some milliseconds. */
struct dn_hooks dn_hooks_find(void);
/* Programs that stand in for `sockets`. */
void dn_hooks_choose(struct dn_bpf *b, const struct dn_hooks *hooks, bool wanted);
