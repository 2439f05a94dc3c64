/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sources/linux/parse_psi.h"

#include <errno.h>

/* "12.34": two digits behind the point, as the kernel prints them. */
static bool take_centi(struct dn_str number, uint64_t *ret_centi) {
        uint64_t whole, centi;
        struct dn_str digits;

        if (!dn_str_cut(&number, '.', &digits) || number.n != 2 || !dn_str_u64(digits, &whole) ||
            !dn_str_u64(number, &centi) || whole > 100)
                return false;
        *ret_centi = whole * 100 + centi;
        return true;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0"; both numbers or none. */
static bool take_line(struct dn_str line, uint64_t *ret_centi, uint64_t *ret_usec) {
        bool has_average = false, has_total = false;
        uint64_t centi = 0, usec = 0;
        struct dn_str word, key;

        while (dn_str_word(&line, &word)) {
                if (!dn_str_cut(&word, '=', &key))
                        return false;
                if (dn_str_equal(key, DN_STR("avg10")))
                        has_average = take_centi(word, &centi);
                else if (dn_str_equal(key, DN_STR("total")))
                        has_total = dn_str_u64(word, &usec) && usec >> 61 == 0;
        }
        if (!has_average || !has_total)
                return false;
        *ret_centi = centi;
        *ret_usec = usec;
        return true;
}

int dn_psi_parse(struct dn_str file, struct dn_psi *ret_psi) {
        struct dn_psi psi = {0};
        struct dn_str line, word;
        bool has_some = false;

        while (dn_str_cut(&file, '\n', &line)) {
                if (!dn_str_word(&line, &word))
                        return -EBADMSG;
                if (dn_str_equal(word, DN_STR("some")))
                        has_some = take_line(line, &psi.some_avg10_centi, &psi.some_total_usec);
                else if (dn_str_equal(word, DN_STR("full")))
                        psi.has_full = take_line(line, &psi.full_avg10_centi, &psi.full_total_usec);
        }
        if (!has_some)
                return -EBADMSG;
        *ret_psi = psi;
        return 0;
}
