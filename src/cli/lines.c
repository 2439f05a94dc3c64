/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/lines.h"
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/quantity.h"

static double number(const denet_row *row, const char *field) {
        double value;

        return denet_row_number(row, denet_field_id(field), &value) == 0 ? value : 0;
}

/* "  mem 12.4 GiB": nothing where it is not known. */
static void put_bytes(struct dn_text *line, const char *label, const denet_row *row, const char *field, double unit) {
        double value;

        if (denet_row_number(row, denet_field_id(field), &value) < 0)
                return;
        dn_text_printf(line, "  %s ", label);
        dn_put_bytes(line, value * unit);
}

/* denet 12:03  cpu 14.9  mem 12.4 GiB  read 301 MiB  written 137 MiB  17 procs 141 threads */
void dn_lines_show(const denet_record *record, double elapsed_secs) {
        const denet_row *whole = denet_record_row(record, DENET_WHOLE, 0);
        dn_autotext struct dn_text line = {0};
        long long seconds = (long long)elapsed_secs;

        if (!whole)
                return;
        dn_text_printf(&line, "denet %02lld:%02lld  cpu ", seconds / 60, seconds % 60);
        dn_put_cores(&line, number(whole, "cpu_usage") / 100);
        put_bytes(&line, "mem", whole, "mem_rss_kb", 1024);
        put_bytes(&line, "read", whole, "syscall_read_bytes", 1);
        put_bytes(&line, "written", whole, "syscall_write_bytes", 1);
        if (denet_record_kind(record) == DENET_TREE)
                dn_text_printf(&line, "  %.0f procs", number(whole, "process_count"));
        dn_text_printf(&line, "  %.0f threads\n", number(whole, "thread_count"));
        dn_write_all(STDERR_FILENO, dn_text_str(&line));
}
