/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/guard.h"
#include "cli/cli.h"
#include "cli/help.h"
#include "cli/process.h"

int main(int argc, char **argv) {
        struct dn_cli cli = {0};
        int status = dn_process_lay_down_rights();

        if (status < 0) {
                dn_say("the rights of denet's file cannot be laid down: %s; run it from a shell", strerror(-status));
                return DN_STATUS_OWN_ERROR;
        }
        dn_process_fill_stdio();
        status = dn_options_parse(&cli, argc, argv);
        if (status != 0)
                return status;
        if (cli.help)
                return dn_help_show(cli.command ? cli.command->help : dn_help_page);
        if (cli.version) {
                dn_autotext struct dn_text text = {0};

                dn_text_printf(&text, "denet %s\n", denet_version());
                return dn_answer(&text);
        }
        return cli.command->run(&cli);
}
