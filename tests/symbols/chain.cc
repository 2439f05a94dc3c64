// SPDX-License-Identifier: GPL-3.0-or-later
// Names of C++: a namespace, a template, an overload, an operator, a lambda.
#include <string>
#include <unistd.h>
#include <vector>

#define KEPT __attribute__((noinline))

volatile int sink;

namespace shop {

struct Till {
        KEPT int operator()(int n) const {
                char c;

                if (write(1, "ready\n", 6) != 6)
                        return 1;
                return static_cast<int>(read(0, &c, 1)) + n + sink;
        }
};

template <typename T> class Shelf {
      public:
        template <typename F> KEPT int visit(F &&f, std::vector<T> list) {
                return f(static_cast<int>(list.size())) + sink;
        }
};

KEPT int open_up(int n) {
        Shelf<std::string> shelf;
        Till till;

        return shelf.visit([&](int k) KEPT { return till(k) + sink; }, std::vector<std::string>(n)) + sink;
}

KEPT int open_up(const std::string &name) {
        return open_up(static_cast<int>(name.size())) + sink;
}

} // namespace shop

int main(int, char **argv) {
        return shop::open_up(std::string(argv[0])) + sink;
}
