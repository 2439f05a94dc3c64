/* SPDX-License-Identifier: GPL-3.0-or-later
 * Readings of /proc/net/dev one after another, apart by a line `===`: the sums never fall and stay within what can be
 * summed, and a reading that is refused changes nothing. */
#include "must.h"
#include "sources/linux/interfaces.h"

#include <errno.h>

static struct dn_str cut_reading(struct dn_str *rest) {
        static const char mark[] = "\n===\n";
        const char *end = memmem(rest->p, rest->n, mark, strlen(mark));
        size_t n = end ? (size_t)(end - rest->p) : rest->n;
        struct dn_str reading = {rest->p, n};

        n += end ? strlen(mark) : 0;
        rest->p += n;
        rest->n -= n;
        return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct dn_str rest = {(const char *)data, size};
        struct dn_interfaces i = {0};

        while (rest.n > 0) {
                struct dn_str reading = cut_reading(&rest);
                uint64_t rx_bytes = i.rx_bytes, tx_bytes = i.tx_bytes;
                int r = dn_interfaces_take(&i, reading);

                MUST(r == 0 || r == -EBADMSG);
                MUST(r == 0 ? i.rx_bytes >= rx_bytes && i.tx_bytes >= tx_bytes
                            : i.rx_bytes == rx_bytes && i.tx_bytes == tx_bytes);
                MUST((i.rx_bytes | i.tx_bytes) >> 61 == 0);
        }
        dn_interfaces_free(&i);
        return 0;
}
