/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/names.h"
#include "base/utf8.h"

#include <signal.h>

/* C1 controls are C2 80 to C2 9F; marks that turn the direction of text are D8 9C, E2 80 8E to 8F, E2 80 AA to AE, E2
 * 81 A6 to A9; E2 80 A8 and A9 end lines. */
static bool is_harmless(const char *p, size_t n) {
        unsigned char c = (unsigned char)p[0], d = n > 1 ? (unsigned char)p[1] : 0, e = n > 2 ? (unsigned char)p[2] : 0;

        if (n == 1)
                return c >= 0x20 && c != 0x7f;
        if (n == 2)
                return !(c == 0xc2 && d < 0xa0) && !(c == 0xd8 && d == 0x9c);
        if (n == 3 && c == 0xe2 && d == 0x80)
                return e != 0x8e && e != 0x8f && !(e >= 0xa8 && e <= 0xae);
        if (n == 3 && c == 0xe2 && d == 0x81)
                return !(e >= 0xa6 && e <= 0xa9);
        return n > 0;
}

void dn_put_name(struct dn_text *text, struct dn_str name) {
        while (name.n > 0) {
                size_t n = dn_utf8_length(name);

                if (is_harmless(name.p, n))
                        dn_text_put(text, (struct dn_str){name.p, n});
                else
                        dn_text_put_char(text, '?');
                n = n ? n : 1;
                name.p += n;
                name.n -= n;
        }
}

void dn_put_cut_name(struct dn_text *text, struct dn_str name, size_t room, bool utf8) {
        struct dn_str dots = utf8 ? DN_STR("…") : DN_STR("...");
        size_t width = utf8 ? 1 : dots.n, from = text->n, characters = 0, keep = from;

        dn_put_name(text, name);
        for (size_t i = from; i < text->n; i++) {
                if (((unsigned char)text->p[i] & 0xc0) == 0x80)
                        continue;
                if (++characters <= room - width + 1)
                        keep = i;
        }
        if (characters > room) {
                text->n = keep;
                dn_text_put(text, dots);
        }
}

/* As sigabbrev_np(3) of glibc has them, which other C libraries lack. */
const char *dn_signal_name(int number) {
        static const char *const names[] = {
#define NAME(name) [SIG##name] = #name
                NAME(HUP),    NAME(INT),  NAME(QUIT), NAME(ILL),  NAME(TRAP), NAME(ABRT),   NAME(BUS),
                NAME(FPE),    NAME(KILL), NAME(USR1), NAME(SEGV), NAME(USR2), NAME(PIPE),   NAME(ALRM),
                NAME(TERM),   NAME(CHLD), NAME(CONT), NAME(STOP), NAME(TSTP), NAME(TTIN),   NAME(TTOU),
                NAME(URG),    NAME(XCPU), NAME(XFSZ), NAME(PROF), NAME(SYS),  NAME(VTALRM), NAME(WINCH),
#ifdef SIGPOLL
                NAME(POLL),
#endif
#ifdef SIGPWR
                NAME(PWR),
#endif
#ifdef SIGSTKFLT
                NAME(STKFLT),
#endif
#undef NAME
        };

        return number > 0 && number < (int)DN_COUNT(names) ? names[number] : NULL;
}
