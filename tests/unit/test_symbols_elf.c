/* SPDX-License-Identifier: GPL-3.0-or-later
 * The subject is this test itself: its file, its functions, its vdso. */
#include "base/file.h"
#include "common.h"
#include "modules/symbols/demangle.h"
#include "modules/symbols/elf.h"
#include "modules/symbols/symbols.h"

#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/wait.h>

__attribute__((noinline, used)) int known_function(int n);
int known_function(int n) {
        return n * 3 + 1;
}

struct scene {
        int proc;
        struct dn_symbols *symbols;
        struct dn_space *space;
        struct dn_frames frames;
};

static void open_scene(struct scene *s, size_t memory_limit) {
        struct dn_symbols_settings settings = {.debug_root = -1, .memory_limit = memory_limit};

        *s = (struct scene){.proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
        assert_int_equal(dn_symbols_new(&settings, &s->symbols), 0);
        assert_int_equal(dn_space_new(s->proc, getpid(), &s->space), 0);
}

static void close_scene(struct scene *s) {
        dn_frames_free(&s->frames);
        dn_space_free(s->space);
        dn_symbols_free(s->symbols);
        close(s->proc);
}

/* The name of what is executed at the address. */
static const char *name_at(struct scene *s, uint64_t address) {
        struct dn_stack stack = {0};

        dn_stack_push(&stack, address, true);
        dn_frames_reset(&s->frames);
        assert_int_equal(dn_symbols_frames(s->symbols, s->space, &stack, &s->frames), 0);
        assert_int_equal(s->frames.n, 1);
        return dn_frames_text(&s->frames, s->frames.list[0].name);
}

static void an_address_is_a_function_and_an_offset(void **state) {
        struct scene s;

        open_scene(&s, 0);
        assert_string_equal(name_at(&s, (uintptr_t)known_function + 1), "known_function");
        assert_int_equal(s.frames.list[0].offset, 1);
        assert_int_equal(s.frames.list[0].kind, DN_FRAME_USER);
        assert_non_null(strstr(dn_frames_text(&s.frames, s.frames.list[0].file), "test_symbols_elf"));
        close_scene(&s);
}

static void where_nothing_lies_the_address_stands_for_itself(void **state) {
        dn_autotext struct dn_text text = {0};
        struct scene s;

        open_scene(&s, 0);
        assert_string_equal(name_at(&s, 0x10), "");
        assert_int_equal(s.frames.list[0].kind, DN_FRAME_UNKNOWN);
        dn_frame_put(&text, &s.frames, &s.frames.list[0]);
        assert_text_is(&text, "0x10");
        close_scene(&s);
}

static void the_vdso_has_names(void **state) {
        const struct dn_mapping *m;
        struct dn_elf *elf;
        struct dn_function function;
        bool found = false;
        uint64_t place;
        struct scene s;

        if (getauxval(AT_SYSINFO_EHDR) == 0)
                skip();
        open_scene(&s, 0);
        assert_int_equal(dn_space_read(s.space), 0);
        m = dn_symbols_mapping(s.space, getauxval(AT_SYSINFO_EHDR));
        assert_non_null(m);
        elf = dn_symbols_elf(s.symbols, s.space, m);
        assert_non_null(elf);
        for (uint64_t at = 0; at < m->end - m->start && !found; at++)
                found = dn_elf_place(elf, at, &place) && dn_elf_function(elf, place, &function) &&
                        strstr(function.name, "clock_gettime");
        assert_true(found);
        close_scene(&s);
}

/* With room for next to nothing each file is read again, and what is asked for is there all the same. */
static void a_bound_on_memory_costs_time_alone(void **state) {
        struct scene s;

        open_scene(&s, 1);
        for (int i = 0; i < 3; i++) {
                assert_string_equal(name_at(&s, (uintptr_t)known_function + 1), "known_function");
                assert_string_not_equal(name_at(&s, (uintptr_t)getauxval + 1), "known_function");
        }
        close_scene(&s);
}

static void what_the_kernel_said_is_enough_with_a_build_id(void **state) {
        struct dn_mapping mapping;
        struct dn_space *gone;
        dn_autofree char *name = NULL;
        struct scene s;

        open_scene(&s, 0);
        assert_int_equal(dn_symbols_learn(s.symbols, s.space), 0);
        mapping = *dn_symbols_mapping(s.space, (uintptr_t)known_function);
        if (mapping.build_id.n == 0)
                skip(); /* linked without one */
        name = strdup(dn_mapping_name(&s.space->maps, &mapping));
        /* As of a process that has gone: neither its inode nor its /proc directory. */
        mapping.device = mapping.inode = 0;
        assert_int_equal(dn_space_new(s.proc, INT32_MAX, &gone), 0);
        assert_int_equal(dn_space_map(gone, &mapping, dn_str_of(name)), 0);
        dn_space_free(s.space);
        s.space = gone;
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "known_function");
        mapping.build_id.bytes[0] ^= 1;
        assert_int_equal(dn_space_map(gone, &mapping, dn_str_of(name)), 0);
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "");
        close_scene(&s);
}

static void copy_own_file(int to) {
        dn_autotext struct dn_text text = {0};

        assert_int_equal(dn_file_append(AT_FDCWD, "/proc/self/exe", 64 << 20, &text), 0);
        assert_int_equal(write(to, text.p, text.n), text.n);
}

/* As an update does that writes over a library. */
static void a_file_that_shrinks_meanwhile_is_read_anew(void **state) {
        dn_autotext struct dn_text name = {0};
        struct dn_mapping mapping;
        struct stat st;
        struct scene s;
        char path[32];
        int directory = make_directory(path);
        dn_autoclose int fd = openat(directory, "copy", O_RDWR | O_CREAT | O_CLOEXEC, 0755);

        copy_own_file(fd);
        assert_int_equal(fstat(fd, &st), 0);
        dn_text_printf(&name, "%s/copy", path);
        open_scene(&s, 0);
        assert_int_equal(dn_space_read(s.space), 0);
        mapping = *dn_maps_find(&s.space->maps, (uintptr_t)known_function);
        mapping.device = st.st_dev;
        mapping.inode = st.st_ino;
        assert_int_equal(dn_space_map(s.space, &mapping, dn_text_str(&name)), 0);
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "known_function");
        assert_int_equal(ftruncate(fd, 4096), 0);
        name_at(&s, (uintptr_t)known_function);
        usleep(1100000);
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "");
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        copy_own_file(fd);
        usleep(1100000);
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "known_function");
        close_scene(&s);
        remove_directory(directory, path);
}

static void a_child_has_its_parents_mappings(void **state) {
        struct dn_space *child;
        struct scene s;

        open_scene(&s, 0);
        assert_int_equal(dn_symbols_learn(s.symbols, s.space), 0);
        assert_int_equal(dn_space_fork(s.space, s.proc, INT32_MAX, &child), 0);
        dn_space_free(s.space);
        s.space = child;
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "known_function");
        close_scene(&s);
}

/* Of a process that is stopped. */
static void open_scene_of(struct scene *s, pid_t pid) {
        assert_int_equal(waitpid(pid, NULL, WUNTRACED), pid);
        open_scene(s, 0);
        dn_space_free(s->space);
        assert_int_equal(dn_space_new(s->proc, pid, &s->space), 0);
        assert_int_equal(dn_space_read(s->space), 0);
}

/* Let go, it executes another program. */
static void exec_is_noticed(struct scene *s, pid_t pid) {
        int r = 0;

        kill(pid, SIGCONT);
        for (int i = 0; i < 5000 && r == 0; i++) {
                usleep(1000);
                r = dn_space_read(s->space);
        }
        assert_int_equal(r, -ESTALE);
}

static void after_an_exec_it_is_another_space(void **state) {
        char *const command[] = {(char *)"sleep", (char *)"60", NULL};
        pid_t pid = fork();
        struct scene s;

        assert_true(pid >= 0);
        if (pid == 0) {
                raise(SIGSTOP);
                execvp(command[0], command);
                _exit(127);
        }
        open_scene_of(&s, pid);
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "known_function");
        exec_is_noticed(&s, pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_int_equal(dn_space_read(s.space), -ESRCH);
        assert_string_equal(name_at(&s, (uintptr_t)known_function), "known_function");
        close_scene(&s);
}

/* As debuggers and setarch have it: all that is mapped is where it was. */
static void and_where_addresses_are_not_random(void **state) {
        char *const command[] = {(char *)"sh", (char *)"-c", (char *)"kill -STOP $$; exec sleep 60", NULL};
        pid_t pid = fork();
        struct scene s;

        assert_true(pid >= 0);
        if (pid == 0) {
                personality(ADDR_NO_RANDOMIZE);
                execvp(command[0], command);
                _exit(127);
        }
        open_scene_of(&s, pid);
        exec_is_noticed(&s, pid);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        close_scene(&s);
}

/* Everything that can be asked of it. */
static void ask_all(struct dn_elf *elf) {
        struct dn_inlined inlined[DN_INLINED_MAX];
        struct dn_registers registers = {.known = UINT64_MAX >> 30};
        struct dn_memory memory = {.start = 0, .bytes = DN_STR("0123456789012345678901234567890")};
        struct dn_function function;
        struct dn_str name;
        const char *source;
        uint32_t line, crc;
        uint64_t place = 0;
        bool signal;

        dn_elf_debug_link(elf, &name, &crc);
        for (uint64_t offset = 0; offset < 0x10000; offset += 0x731) {
                if (!dn_elf_place(elf, offset, &place))
                        continue;
                if (dn_elf_function(elf, place, &function))
                        assert_true(strlen(function.name) > 0);
                dn_elf_inlined(elf, place, true, inlined, &source, &line);
                registers.pc = place;
                dn_elf_caller(elf, 0, true, &memory, &registers, &signal);
        }
}

static void a_file_that_is_damaged_is_refused_or_says_less(void **state) {
        dn_autotext struct dn_text text = {0};
        uint64_t seed = 4;

        assert_int_equal(dn_file_append(AT_FDCWD, "/proc/self/exe", 8 << 20, &text), 0);
        for (int i = 0; i < 60; i++) {
                dn_autofree char *copy = malloc(text.n);
                size_t n = i % 3 == 0 ? random_below(&seed, (uint32_t)text.n) : text.n;
                struct dn_elf *elf;

                assert_non_null(copy);
                memcpy(copy, text.p, text.n);
                for (int k = 0; k < 1 + i * 3; k++)
                        copy[i % 2 ? random_below(&seed, (uint32_t)text.n) : random_below(&seed, 4096)] ^=
                                (char)(1 + random_below(&seed, 255));
                memcpy(copy, text.p, i % 4 ? 16 : 0);
                if (dn_elf_open_image((struct dn_str){copy, n}, &elf) == 0) {
                        ask_all(elf);
                        dn_elf_free(elf);
                }
        }
}

static void what_is_no_such_file_is_refused(void **state) {
        struct dn_elf *elf;

        assert_int_equal(dn_elf_open(-1, &elf), -EBADF);
        assert_int_equal(dn_elf_open(open("/dev/null", O_RDONLY | O_CLOEXEC), &elf), -ENOEXEC);
        assert_int_equal(dn_elf_open(open("/etc/passwd", O_RDONLY | O_CLOEXEC), &elf), -ENOEXEC);
        assert_int_equal(dn_elf_open_image(DN_STR(""), &elf), -ENOEXEC);
        assert_int_equal(dn_elf_open_image(DN_STR("\177ELF"), &elf), -ENOEXEC);
}

static void mangled_names_are_the_programmers_and_others_stay(void **state) {
        static const struct {
                const char *name, *plain;
        } cases[] = {
                {"_ZN4shop7open_upEi", "shop::open_up"},
                {"_ZN5chain4shop5visit17h0123456789abcdefE", "chain::shop::visit"},
                {"_RNvNtCs1234_5chain4shop5visit", "chain::shop::visit"},
                {"main.(*till).sell", "main.(*till).sell"},
                {"_Znot_mangled", "_Znot_mangled"},
                {"_start", "_start"},
                {"", ""},
        };

        for (size_t i = 0; i < DN_COUNT(cases); i++) {
                dn_autotext struct dn_text text = {0};

                dn_demangle_put(&text, cases[i].name);
                assert_text_is(&text, cases[i].plain);
        }
}

/* A name that would take a deep stack, or much memory. */
static void a_name_that_is_an_attempt_stays_as_it_is(void **state) {
        dn_autotext struct dn_text deep = {0}, wide = {0}, text = {0};

        dn_text_put(&deep, DN_STR("_Z1f"));
        for (int i = 0; i < 100000; i++)
                dn_text_put_char(&deep, 'P');
        dn_text_put_char(&deep, 'i');
        dn_demangle_put(&text, dn_text_cstr(&deep));
        assert_int_equal(text.n, deep.n);
        dn_text_put(&wide, DN_STR("_Z1fI"));
        for (int i = 0; i < 40; i++)
                dn_text_printf(&wide, "1aIS%d_S%d_E", i, i);
        dn_text_put(&wide, DN_STR("Ev"));
        dn_text_reset(&text);
        dn_demangle_put(&text, dn_text_cstr(&wide));
        assert_true(text.n > 0 && text.n <= 64 << 10);
}

RUN_TESTS(cmocka_unit_test(an_address_is_a_function_and_an_offset),
          cmocka_unit_test(where_nothing_lies_the_address_stands_for_itself), cmocka_unit_test(the_vdso_has_names),
          cmocka_unit_test(a_bound_on_memory_costs_time_alone),
          cmocka_unit_test(what_the_kernel_said_is_enough_with_a_build_id),
          cmocka_unit_test(a_file_that_shrinks_meanwhile_is_read_anew),
          cmocka_unit_test(a_child_has_its_parents_mappings), cmocka_unit_test(after_an_exec_it_is_another_space),
          cmocka_unit_test(and_where_addresses_are_not_random),
          cmocka_unit_test(a_file_that_is_damaged_is_refused_or_says_less),
          cmocka_unit_test(what_is_no_such_file_is_refused),
          cmocka_unit_test(mangled_names_are_the_programmers_and_others_stay),
          cmocka_unit_test(a_name_that_is_an_attempt_stays_as_it_is))
