// SPDX-License-Identifier: GPL-3.0-or-later
// Names of Rust: a module, a trait's method, a generic, a closure.
use std::hint::black_box;
use std::io::{Read, Write};

mod shop {
    use super::*;

    pub trait Sell {
        fn sell(&self, n: u64) -> u64;
    }

    pub struct Till;

    impl Sell for Till {
        #[inline(never)]
        fn sell(&self, n: u64) -> u64 {
            let mut byte = [0u8; 1];
            std::io::stdout().write_all(b"ready\n").unwrap();
            std::io::stdout().flush().unwrap();
            let got = std::io::stdin().read(&mut byte).unwrap();
            black_box(n + got as u64)
        }
    }

    #[inline(never)]
    pub fn visit<T: Sell>(seller: &T, n: u64) -> u64 {
        let closure = |k: u64| black_box(seller.sell(k) + 1);
        black_box(closure(n) + 1)
    }
}

#[inline(never)]
fn open_up(n: u64) -> u64 {
    black_box(shop::visit(&shop::Till, n) + 1)
}

fn main() {
    println!("{}", black_box(open_up(black_box(7)) + 1));
}
