/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/screen.h"
#include "base/guard.h"

#include <strings.h>
#include <sys/ioctl.h>

bool dn_escapes(int fd) {
        const char *term = getenv("TERM");

        return isatty(fd) && term && *term && strcmp(term, "dumb") != 0 && strcmp(term, "unknown") != 0;
}

bool dn_colour(int fd) {
        const char *none = getenv("NO_COLOR");

        return dn_escapes(fd) && !(none && *none);
}

bool dn_utf8_locale(void) {
        static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}, *const wide[] = {"ja", "ko", "zh"};
        const char *value = NULL;

        for (size_t i = 0; i < DN_COUNT(names) && !(value && *value); i++)
                value = getenv(names[i]);
        if (!value)
                return false;
        for (size_t i = 0; i < DN_COUNT(wide); i++)
                if (strncasecmp(value, wide[i], 2) == 0 && (value[2] == '_' || value[2] == '.'))
                        return false;
        return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
}

int dn_columns(int fd) {
        struct winsize size;

        return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}
