/* SPDX-License-Identifier: GPL-3.0-or-later
 * movers N SECONDS: for so long N daemons, each of which goes on under another number all the time: it forks, and ends.
 */
#include "truth.h"

static void move_on(uint64_t end_ns) {
        setsid();
        while (clock_now_ns(CLOCK_MONOTONIC) < end_ns)
                if (fork() > 0)
                        _exit(0);
        _exit(0);
}

int main(int argc, char *argv[]) {
        uint64_t end_ns;

        if (argc < 3)
                return 99;
        end_ns = clock_now_ns(CLOCK_MONOTONIC) + number_of(argv[2]) * 1000000000;
        for (uint64_t n = number_of(argv[1]); n > 0; n--)
                if (fork() == 0)
                        move_on(end_ns);
        sleep_ms(number_of(argv[2]) * 1000);
        return 0;
}
