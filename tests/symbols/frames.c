/* SPDX-License-Identifier: GPL-3.0-or-later
 * The stack of a thread as src/modules/symbols sees it, without BPF: registers and a piece of the stack by ptrace, then
 * as the ebpf module does it. Prints one JSON object.
 *         frames [--stack BYTES] [--below BYTES] [--debug-root DIR] [--gone] [--sweep N] TID
 * --gone: the thread's process is killed before its frames get names. --sweep: N addresses of its largest mapping
 * instead, for their cost. */
#include "base/guard.h"
#include "base/json_write.h"
#include "modules/symbols/symbols.h"
#include "modules/symbols/unwind.h"

#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

enum { STACK_ROOM = 1 << 20 };

struct request {
        pid_t tid;
        size_t stack, below; /* bytes from the stack pointer up, and down */
        uint32_t sweep;
        bool gone;
        const char *debug_root;
};

struct capture {
        struct dn_registers registers;
        struct dn_memory memory;
        char bytes[STACK_ROOM];
};

static uint64_t now_ns(void) {
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

/* A page that is not there ends it. */
static size_t read_memory(pid_t pid, uint64_t address, struct iovec room) {
        struct iovec local = room;

        local.iov_len = 0;
        while (local.iov_len < room.iov_len) {
                size_t done = local.iov_len, page = 4096 - ((address + done) & 4095);
                struct iovec remote = {(void *)address, done + page}; /* NOLINT(performance-no-int-to-ptr) */

                if (remote.iov_len > room.iov_len)
                        remote.iov_len = room.iov_len;
                local.iov_len = remote.iov_len;
                if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != (ssize_t)remote.iov_len)
                        return done;
        }
        return local.iov_len;
}

static void capture(const struct request *request, struct capture *c) {
        uint64_t words[sizeof(struct user_regs_struct) / 8], sp = 0;
        struct iovec registers = {words, sizeof(words)};

        if (ptrace(PTRACE_SEIZE, request->tid, 0, 0) < 0 || ptrace(PTRACE_INTERRUPT, request->tid, 0, 0) < 0)
                err(1, "ptrace %d", request->tid);
        if (waitpid(request->tid, NULL, __WALL) < 0)
                err(1, "waitpid");
        if (ptrace(PTRACE_GETREGSET, request->tid, NT_PRSTATUS, &registers) < 0)
                err(1, "registers");
        if (dn_registers_take(words, registers.iov_len / 8, &c->registers) < 0)
                errx(1, "no registers");
        dn_register_get(&c->registers, dn_register_sp(), &sp);
        sp -= request->below;
        c->memory = (struct dn_memory){
                sp,
                {c->bytes, read_memory(request->tid, sp, (struct iovec){c->bytes, request->stack + request->below})}};
        ptrace(PTRACE_DETACH, request->tid, 0, 0);
}

/* Instead of a stack. */
static void sweep(const struct dn_space *space, uint32_t n, uint32_t from, struct dn_stack *stack) {
        const struct dn_mapping *largest = NULL;

        for (uint32_t i = 0; i < space->maps.n; i++) {
                const struct dn_mapping *m = &space->maps.list[i];

                if (m->inode > 0 && (!largest || m->end - m->start > largest->end - largest->start))
                        largest = m;
        }
        *stack = (struct dn_stack){.whole = true};
        for (uint32_t i = from; largest && i < n; i++)
                if (!dn_stack_push(stack, largest->start + (largest->end - largest->start) / n * i, true))
                        return;
}

static void put_frame(struct dn_json *json, const struct dn_frames *frames, const struct dn_frame *f) {
        static const char *const kinds[] = {"unknown", "user", "inlined", "jit", "kernel"};
        dn_autotext struct dn_text shown = {0}, id = {0};

        dn_frame_put(&shown, frames, f);
        dn_build_id_put(&id, &f->build_id);
        dn_json_object(json);
        dn_json_key_string(json, DN_STR("kind"), dn_str_of(kinds[f->kind]));
        dn_json_key_i64(json, DN_STR("offset"), (int64_t)f->offset);
        dn_json_key_i64(json, DN_STR("line"), f->line);
        dn_json_key_string(json, DN_STR("shown"), dn_text_str(&shown));
        dn_json_key_string(json, DN_STR("name"), dn_str_of(dn_frames_text(frames, f->name)));
        dn_json_key_string(json, DN_STR("file"), dn_str_of(dn_frames_text(frames, f->file)));
        dn_json_key_string(json, DN_STR("source"), dn_str_of(dn_frames_text(frames, f->source)));
        dn_json_key_string(json, DN_STR("build_id"), dn_text_str(&id));
        dn_json_object_end(json);
}

static struct request read_arguments(int argc, char **argv) {
        static const struct option options[] = {
                {"stack", required_argument, NULL, 's'},      {"below", required_argument, NULL, 'b'},
                {"debug-root", required_argument, NULL, 'd'}, {"gone", no_argument, NULL, 'g'},
                {"sweep", required_argument, NULL, 'w'},      {0}};
        struct request request = {.stack = 16384};
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
                switch (c) {
                case 's': request.stack = strtoul(optarg, NULL, 10); break;
                case 'b': request.below = strtoul(optarg, NULL, 10); break;
                case 'd': request.debug_root = optarg; break;
                case 'g': request.gone = true; break;
                case 'w': request.sweep = (uint32_t)strtoul(optarg, NULL, 10); break;
                default: exit(2);
                }
        if (optind + 1 != argc || request.stack > STACK_ROOM / 2 || request.below > 4096)
                errx(2, "usage: frames [--stack BYTES] [--below BYTES] [--debug-root DIR] [--gone] [--sweep N] TID");
        request.tid = (pid_t)strtol(argv[optind], NULL, 10);
        return request;
}

/* The process of the thread, whatever number of its threads was asked for. */
static pid_t process_of(pid_t tid) {
        char path[64], buffer[4096];
        dn_autoclose int fd = -1;
        struct dn_str rest, value;
        uint64_t pid;
        ssize_t n;

        snprintf(path, sizeof(path), "/proc/%d/status", tid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        n = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer));
        if (n < 0)
                err(1, "%s", path);
        rest = (struct dn_str){buffer, (size_t)n};
        if (!dn_str_value(&rest, DN_STR("Tgid"), &value) || !dn_str_u64(value, &pid))
                errx(1, "%s has no Tgid", path);
        return (pid_t)pid;
}

static void kill_it(pid_t pid) {
        char path[64];

        kill(pid, SIGKILL);
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
        for (int i = 0; i < 1000; i++) {
                dn_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
                char c;

                if (fd < 0 || read(fd, &c, 1) <= 0)
                        return;
                usleep(1000);
        }
}

struct answer {
        struct dn_stack stack;
        struct dn_frames frames;
        uint64_t learn_ns, unwind_ns, again_ns, frames_ns;
};

static void answer(const struct request *request, struct dn_symbols *symbols, struct dn_space *space,
                   struct answer *a) {
        static struct capture c;
        uint64_t t[5];
        int r;

        capture(request, &c);
        t[0] = now_ns();
        dn_symbols_learn(symbols, space);
        t[1] = now_ns();
        if (request->gone)
                kill_it(space->pid);
        t[2] = now_ns();
        r = dn_unwind(symbols, space, &c.registers, &c.memory, &a->stack);
        if (r < 0)
                errx(1, "unwind: %s", strerror(-r));
        a->unwind_ns = now_ns() - t[2];
        t[3] = now_ns();
        dn_unwind(symbols, space, &c.registers, &c.memory, &a->stack);
        t[4] = now_ns();
        for (uint32_t i = 0; i < request->sweep; i += DN_STACK_MAX) {
                sweep(space, request->sweep, i, &a->stack);
                dn_symbols_frames(symbols, space, &a->stack, &a->frames);
        }
        if (request->sweep == 0)
                dn_symbols_frames(symbols, space, &a->stack, &a->frames);
        a->frames_ns = now_ns() - t[4];
        a->learn_ns = t[1] - t[0];
        a->again_ns = t[4] - t[3];
}

static void print(const struct answer *a) {
        dn_autotext struct dn_text text = {0};
        struct dn_json json = {.text = &text};

        dn_json_object(&json);
        dn_json_key_bool(&json, DN_STR("whole"), a->stack.whole);
        dn_json_key_i64(&json, DN_STR("learn_ns"), (int64_t)a->learn_ns);
        dn_json_key_i64(&json, DN_STR("unwind_ns"), (int64_t)a->unwind_ns);
        dn_json_key_i64(&json, DN_STR("again_ns"), (int64_t)a->again_ns);
        dn_json_key_i64(&json, DN_STR("frames_ns"), (int64_t)a->frames_ns);
        dn_json_key(&json, DN_STR("frames"));
        dn_json_array(&json);
        for (uint32_t i = 0; i < a->frames.n; i++)
                put_frame(&json, &a->frames, &a->frames.list[i]);
        dn_json_array_end(&json);
        dn_json_object_end(&json);
        puts(dn_text_cstr(&text));
}

int main(int argc, char **argv) {
        struct request request = read_arguments(argc, argv);
        struct dn_symbols_settings settings = {.lines = true};
        dn_autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), debug_root = -1;
        struct answer a = {0};
        struct dn_symbols *symbols;
        struct dn_space *space;

        if (request.debug_root)
                debug_root = open(request.debug_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        settings.debug_root = debug_root;
        if (dn_symbols_new(&settings, &symbols) < 0 || dn_space_new(proc, process_of(request.tid), &space) < 0)
                errx(1, "no memory");
        answer(&request, symbols, space, &a);
        print(&a);
        dn_frames_free(&a.frames);
        dn_space_free(space);
        dn_symbols_free(symbols);
        return 0;
}
