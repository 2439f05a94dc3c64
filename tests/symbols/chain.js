// SPDX-License-Identifier: GPL-3.0-or-later
// Functions that node compiles (--perf-basic-prof), and one that blocks below them.
const fs = require('fs');

function waitHere(n) {
        if (n > 0) return 0;
        fs.writeSync(1, 'ready\n');
        return fs.readSync(0, Buffer.alloc(1));
}

function openUp(n) {
        return waitHere(n) + 1;
}

function main() {
        for (let i = 20000; i >= 0; i--) openUp(i);
}

main();
