/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "modules/ebpf/mappings.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum { PAGES = 32 /* of each ring; a power of two */ };

struct ring {
        int fd;
        struct perf_event_mmap_page *page;
};

/* A record that was copied out of a ring, which may wrap within it. */
struct taken {
        uint64_t time_ns;
        size_t offset, size;
};

struct dn_mappings {
        struct ring *rings;
        uint32_t n_rings;
        size_t page_size;
        char *bytes; /* of all records of one round */
        size_t n_bytes, room_bytes;
        struct taken *taken;
        uint32_t n_taken, room_taken;
};

/* ------------------------------------------------------------------------------------------------------- records */

struct mmap2 {
        struct perf_event_header header;
        uint32_t pid, tid;
        uint64_t start, length, offset;
        uint32_t major, minor;
        uint64_t inode, generation;
        uint32_t prot, flags;
        char name[];
};

struct comm {
        struct perf_event_header header;
        uint32_t pid, tid;
        char name[];
};

struct task {
        struct perf_event_header header;
        uint32_t pid, parent, tid, parent_tid;
        uint64_t time_ns;
};

/* What sample_type and sample_id_all put behind each record. */
struct trailer {
        uint32_t pid, tid;
        uint64_t time_ns;
};

static struct dn_str text_in(struct dn_str record, size_t from) {
        size_t end = record.n - sizeof(struct trailer), n = 0;

        while (from + n < end && record.p[from + n])
                n++;
        return (struct dn_str){record.p + from, n};
}

static int parse_map(struct dn_str record, struct dn_mapping_news *news) {
        const size_t name = offsetof(struct mmap2, name);
        struct mmap2 m;

        if (record.n < name + sizeof(struct trailer))
                return -EBADMSG;
        memcpy(&m, record.p, name);
        if (m.length == 0 || m.start + m.length < m.start)
                return -EBADMSG;
        news->event = DN_MAPPING_MAP;
        news->pid = m.pid;
        news->mapping = (struct dn_mapping){
                .start = m.start,
                .end = m.start + m.length,
                .offset = m.offset,
                .device = makedev(m.major, m.minor),
                .inode = m.inode,
                .executable = m.prot & PROT_EXEC,
        };
        news->name = text_in(record, name);
        return 1;
}

static int parse_comm(struct dn_str record, uint16_t misc, struct dn_mapping_news *news) {
        struct comm c;

        if (record.n < sizeof(c) + sizeof(struct trailer))
                return -EBADMSG;
        memcpy(&c, record.p, sizeof(c));
        news->event = DN_MAPPING_EXEC;
        news->pid = c.pid;
        return misc & PERF_RECORD_MISC_COMM_EXEC ? 1 : 0;
}

/* A thread is none of its own. */
static int parse_fork(struct dn_str record, struct dn_mapping_news *news) {
        struct task t;

        if (record.n < sizeof(t) + sizeof(struct trailer))
                return -EBADMSG;
        memcpy(&t, record.p, sizeof(t));
        news->event = DN_MAPPING_FORK;
        news->pid = t.pid;
        news->parent = t.parent;
        return t.pid != t.parent ? 1 : 0;
}

int dn_mapping_parse(struct dn_str record, struct dn_mapping_news *ret_news) {
        struct perf_event_header header;
        struct dn_mapping_news news = {0};
        struct trailer trailer;
        int r;

        if (record.n < sizeof(header) + sizeof(trailer))
                return -EBADMSG;
        memcpy(&header, record.p, sizeof(header));
        memcpy(&trailer, record.p + record.n - sizeof(trailer), sizeof(trailer));
        if (header.size != record.n)
                return -EBADMSG;
        news.time_ns = trailer.time_ns;
        switch (header.type) {
        case PERF_RECORD_MMAP2: r = parse_map(record, &news); break;
        case PERF_RECORD_COMM: r = parse_comm(record, header.misc, &news); break;
        case PERF_RECORD_FORK: r = parse_fork(record, &news); break;
        default: r = 0;
        }
        if (r > 0)
                *ret_news = news;
        return r;
}

/* --------------------------------------------------------------------------------------------------------- rings */

struct dn_mappings *dn_mappings_free(struct dn_mappings *m) {
        if (!m)
                return NULL;
        for (uint32_t i = 0; i < m->n_rings; i++) {
                munmap(m->rings[i].page, (PAGES + 1) * m->page_size);
                close(m->rings[i].fd);
        }
        free(m->rings);
        free(m->bytes);
        free(m->taken);
        free(m);
        return NULL;
}

static int open_ring(struct dn_mappings *m, uint32_t pid, int cpu) {
        struct perf_event_attr attr = {
                .type = PERF_TYPE_SOFTWARE,
                .size = sizeof(attr),
                .config = PERF_COUNT_SW_DUMMY,
                .sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
                .inherit = 1,
                .exclude_kernel = 1,
                .exclude_hv = 1,
                .mmap = 1,
                .mmap2 = 1,
                .comm = 1,
                .comm_exec = 1,
                .task = 1,
                .sample_id_all = 1,
                .watermark = 1,
                .wakeup_watermark = UINT32_MAX,
        };
        struct ring *ring = &m->rings[m->n_rings];
        void *page;

        ring->fd = (int)syscall(SYS_perf_event_open, &attr, (pid_t)pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (ring->fd < 0)
                return -errno;
        page = mmap(NULL, (PAGES + 1) * m->page_size, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
        if (page == MAP_FAILED) {
                close(ring->fd);
                return -ENOMEM;
        }
        ring->page = page;
        m->n_rings++;
        return 0;
}

int dn_mappings_open(struct dn_mappings **ret_mappings, uint32_t pid, uint32_t n_processors) {
        struct dn_mappings *m = calloc(1, sizeof(*m));
        int r = 0;

        if (!m)
                return -ENOMEM;
        m->page_size = (size_t)sysconf(_SC_PAGESIZE);
        m->rings = calloc(n_processors, sizeof(*m->rings));
        for (uint32_t cpu = 0; m->rings && cpu < n_processors && (r == 0 || r == -ENODEV); cpu++)
                r = open_ring(m, pid, (int)cpu); /* -ENODEV: it is offline */
        if (!m->rings)
                r = -ENOMEM;
        if (r == -ENODEV && m->n_rings > 0)
                r = 0;
        if (r < 0) {
                dn_mappings_free(m);
                return r;
        }
        *ret_mappings = m;
        return 0;
}

static int make_room(struct dn_mappings *m, size_t size) {
        if (m->n_bytes + size > m->room_bytes) {
                size_t room = m->room_bytes ? m->room_bytes * 2 : 65536;
                char *bytes;

                while (room < m->n_bytes + size)
                        room *= 2;
                bytes = realloc(m->bytes, room);
                if (!bytes)
                        return -ENOMEM;
                m->bytes = bytes;
                m->room_bytes = room;
        }
        if (m->n_taken == m->room_taken) {
                uint32_t room = m->room_taken ? m->room_taken * 2 : 256;
                struct taken *taken = realloc(m->taken, room * sizeof(*taken));

                if (!taken)
                        return -ENOMEM;
                m->taken = taken;
                m->room_taken = room;
        }
        return 0;
}

static void copy_out(const struct dn_mappings *m, const struct ring *ring, uint64_t at, char *to, size_t n) {
        const char *data = (const char *)ring->page + m->page_size;
        size_t size = PAGES * m->page_size, from = at & (size - 1), first = size - from < n ? size - from : n;

        memcpy(to, data + from, first);
        memcpy(to + first, data, n - first);
}

/* PERF_RECORD_LOST: its header, an id, how many. */
static uint64_t count_lost(const char *record, size_t size, uint32_t type) {
        uint64_t n = 0;

        if (type == PERF_RECORD_LOST && size >= sizeof(struct perf_event_header) + 2 * sizeof(n))
                memcpy(&n, record + sizeof(struct perf_event_header) + sizeof(n), sizeof(n));
        return n;
}

static int drain(struct dn_mappings *m, struct ring *ring, uint64_t *lost) {
        uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE), tail = ring->page->data_tail;
        struct perf_event_header header;
        int r = 0;

        while (r == 0 && head - tail >= sizeof(header)) {
                copy_out(m, ring, tail, (char *)&header, sizeof(header));
                if (header.size < sizeof(header) || header.size > head - tail)
                        break;
                r = make_room(m, header.size);
                if (r == 0) {
                        struct taken *t = &m->taken[m->n_taken++];

                        *t = (struct taken){.offset = m->n_bytes, .size = header.size};
                        copy_out(m, ring, tail, m->bytes + m->n_bytes, header.size);
                        if (header.size >= sizeof(header) + sizeof(struct trailer))
                                memcpy(&t->time_ns, m->bytes + m->n_bytes + header.size - sizeof(uint64_t),
                                       sizeof(uint64_t));
                        m->n_bytes += header.size;
                        *lost += count_lost(m->bytes + t->offset, t->size, header.type);
                }
                tail += header.size;
        }
        __atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
        return r;
}

/* In the order of the rings where times are the same. */
static int by_time(const void *a, const void *b) {
        const struct taken *x = a, *y = b;

        if (x->time_ns != y->time_ns)
                return x->time_ns < y->time_ns ? -1 : 1;
        return x->offset < y->offset ? -1 : x->offset > y->offset;
}

int dn_mappings_take(struct dn_mappings *m, void (*take)(void *user, const struct dn_mapping_news *news), void *user,
                     uint64_t *lost) {
        int r = 0;

        m->n_bytes = m->n_taken = 0;
        for (uint32_t i = 0; i < m->n_rings && r == 0; i++)
                r = drain(m, &m->rings[i], lost);
        if (m->n_taken > 1)
                qsort(m->taken, m->n_taken, sizeof(*m->taken), by_time);
        for (uint32_t i = 0; i < m->n_taken; i++) {
                struct dn_mapping_news news;

                if (dn_mapping_parse((struct dn_str){m->bytes + m->taken[i].offset, m->taken[i].size}, &news) > 0)
                        take(user, &news);
        }
        return r;
}
