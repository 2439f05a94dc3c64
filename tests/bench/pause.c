/* SPDX-License-Identifier: GPL-3.0-or-later
 * pause MEBIBYTES MAPPINGS SECONDS: touches so much memory in so many mappings; then maps and unmaps a page without
 * end, and prints how long that took: mean and longest, in microseconds. Whoever holds the memory lock of this process,
 * as a reader of smaps_rollup does, shows in the longest. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

static int64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void *map(size_t size, int protection) {
        void *p = mmap(NULL, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) {
                perror("mmap");
                exit(1);
        }
        return p;
}

int main(int argc, char *argv[]) {
        int64_t end_ns, began_ns, took_ns, longest_ns = 0, sum_ns = 0, n = 0;
        size_t size, mappings;

        if (argc < 4)
                return 99;
        size = strtoull(argv[1], NULL, 10) << 20;
        mappings = strtoull(argv[2], NULL, 10);
        for (size_t i = 0; i < mappings; i++)
                /* Alternating protections keep the kernel from merging neighbours. */
                if (i % 2 == 0)
                        memset(map(2 * size / mappings, PROT_READ | PROT_WRITE), 1, 2 * size / mappings);
                else
                        map(4096, PROT_READ);
        end_ns = now_ns() + strtoll(argv[3], NULL, 10) * 1000000000;
        do {
                began_ns = now_ns();
                munmap(map(4096, PROT_READ | PROT_WRITE), 4096);
                took_ns = now_ns() - began_ns;
                longest_ns = took_ns > longest_ns ? took_ns : longest_ns;
                sum_ns += took_ns;
                n++;
        } while (began_ns < end_ns);
        printf("%.2f %.0f\n", (double)sum_ns / (double)n / 1000, (double)longest_ns / 1000);
        return 0;
}
