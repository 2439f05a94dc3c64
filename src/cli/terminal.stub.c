/* SPDX-License-Identifier: GPL-3.0-or-later
 * Where no way is known to tell who is at the terminal, there is no row. */
#include "cli/helper.h"

#include <errno.h>

int dn_terminal_open(struct dn_terminal *t, bool in_place, bool colour) {
        *t = (struct dn_terminal){.fd = -1, .lock = -1, .in_place = in_place, .colour = colour};
        return -ENOTSUP;
}

void dn_terminal_close(struct dn_terminal *t) {
        (void)t;
}

bool dn_terminal_calm(const struct dn_terminal *t) {
        (void)t;
        return false;
}

bool dn_terminal_size(const struct dn_terminal *t, int *ret_rows, int *ret_columns) {
        (void)t, (void)ret_rows, (void)ret_columns;
        return false;
}

bool dn_terminal_claim(struct dn_terminal *t) {
        (void)t;
        return false;
}

void dn_terminal_yield(struct dn_terminal *t) {
        (void)t;
}

void dn_terminal_tell_others(const struct dn_terminal *t) {
        (void)t;
}

int dn_terminal_draw(struct dn_terminal *t, struct dn_str row, int rows, bool appear) {
        (void)t, (void)row, (void)rows, (void)appear;
        return -ENOTSUP;
}

int dn_terminal_release(struct dn_terminal *t) {
        (void)t;
        return 0;
}

int dn_terminal_clean(struct dn_terminal *t) {
        (void)t;
        return 0;
}

int dn_terminal_flush(struct dn_terminal *t) {
        (void)t;
        return 0;
}

bool dn_terminal_wait(const struct dn_terminal *t, int timeout_ms) {
        (void)t, (void)timeout_ms;
        return false;
}

int dn_helper_start(struct dn_helper *h, const struct dn_terminal *t) {
        (void)t;
        *h = (struct dn_helper){.pipe = -1};
        return -ENOTSUP;
}

void dn_helper_tell(struct dn_helper *h, bool shown) {
        (void)h, (void)shown;
}

void dn_helper_end(struct dn_helper *h) {
        (void)h;
}
