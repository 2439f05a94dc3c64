/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/doctor.h"
#include "cli/process.h"
#include "cli/watch.h"

#include <errno.h>
#include <unistd.h>

static int refuse(int64_t pid, const denet_error *error) {
        bool unseen = error->code == -ESRCH || error->code == -EACCES || error->code == -EPERM;
        int hidepid = unseen && dn_process_unseen(pid) ? dn_doctor_hidepid() : 0;

        if (hidepid)
                dn_say("%lld: not visible to you (/proc has hidepid=%d); sudo denet attach %lld", (long long)pid,
                       hidepid, (long long)pid);
        else
                dn_say("%s", error->text);
        return DN_STATUS_OWN_ERROR;
}

int dn_attach_command(struct dn_cli *cli) {
        struct dn_watch w = {.command = false};
        denet_error error;
        uint64_t pid;
        int status;

        if (cli->n_arguments != 1)
                return dn_say_usage(cli->command, cli->n_arguments ? "more than one PID; as in: denet attach 4242"
                                                                   : "no PID given; as in: denet attach 4242");
        if (!dn_str_u64(dn_str_of(cli->arguments[0]), &pid) || pid == 0 || pid > INT64_MAX) {
                dn_say("attach: '%s' is no PID; find it with: pgrep -a NAME", cli->arguments[0]);
                return DN_STATUS_USAGE;
        }
        if (pid == (uint64_t)getpid()) {
                dn_say("%d: that is denet itself; give another process's", getpid());
                return DN_STATUS_OWN_ERROR;
        }
        status = dn_watch_open(&w, cli);
        if (status == 0) {
                dn_process_raise_descriptors();
                if (cli->debug)
                        cli->o.debug = dn_debug;
                status = denet_attach(&w.stream, &cli->o, (int64_t)pid, &error) < 0 ? refuse((int64_t)pid, &error)
                                                                                    : dn_watch_to_end(&w);
        }
        dn_watch_close(&w);
        return status;
}
