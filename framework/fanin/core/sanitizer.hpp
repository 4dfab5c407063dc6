// Which sanitizer watches the program: GCC says so by macros of its own, clang by features.
#pragma once

#if defined(__SANITIZE_ADDRESS__)
#define FANIN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FANIN_ASAN 1
#endif
#endif
#ifndef FANIN_ASAN
#define FANIN_ASAN 0  ///< 1 under AddressSanitizer
#endif

#if defined(__SANITIZE_THREAD__)
#define FANIN_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FANIN_TSAN 1
#endif
#endif
#ifndef FANIN_TSAN
#define FANIN_TSAN 0  ///< 1 under ThreadSanitizer
#endif
