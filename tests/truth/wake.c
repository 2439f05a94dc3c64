/* SPDX-License-Identifier: GPL-3.0-or-later
 * wake REPORT COUNT MILLISECONDS MICROSECONDS BYTES: sleeps for so many milliseconds, then writes so many bytes to
 * /dev/null and uses so much CPU time, COUNT times over; sleeps once more and ends. REPORT has a turn for each time. */
#include "truth.h"

enum { TURNS_MAX = 64 };

/* Native 64-bit numbers in this order. */
struct turn {
        uint64_t before_ns, after_ns;         /* by the wall clock */
        uint64_t cpu_before_ns, cpu_after_ns; /* of this process in all */
};

static struct turn *open_turns(const char *path, uint64_t count) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        struct turn *turns;

        if (fd < 0 || ftruncate(fd, (off_t)(count * sizeof(*turns))) < 0)
                die(path);
        turns = mmap(NULL, count * sizeof(*turns), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
        if (turns == MAP_FAILED)
                die("mmap");
        close(fd);
        return turns;
}

int main(int argc, char *argv[]) {
        static const char bytes[1 << 16];
        uint64_t count, ms, us, size;
        struct turn *turns;
        int null;

        if (argc < 6)
                return 99;
        count = number_of(argv[2]);
        ms = number_of(argv[3]);
        us = number_of(argv[4]);
        size = number_of(argv[5]);
        null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        if (count == 0 || count > TURNS_MAX || size > sizeof(bytes) || null < 0)
                return 99;
        turns = open_turns(argv[1], count);
        for (uint64_t i = 0; i < count; i++) {
                sleep_ms(ms);
                turns[i].before_ns = clock_now_ns(CLOCK_REALTIME);
                turns[i].cpu_before_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
                if (size > 0 && write(null, bytes, size) != (ssize_t)size)
                        die("write");
                burn_us(us);
                turns[i].cpu_after_ns = clock_now_ns(CLOCK_PROCESS_CPUTIME_ID);
                turns[i].after_ns = clock_now_ns(CLOCK_REALTIME);
        }
        sleep_ms(ms);
        return 0;
}
