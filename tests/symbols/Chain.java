// SPDX-License-Identifier: GPL-3.0-or-later
// Methods that Java compiles, and a read below them.
public class Chain {
        static int waitHere() throws java.io.IOException {
                System.out.println("ready");
                System.out.flush();
                return System.in.read();
        }

        static int openUp() throws java.io.IOException {
                return waitHere() + 1;
        }

        public static void main(String[] arguments) throws java.io.IOException {
                System.exit(openUp() & 1);
        }
}
