#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fanin/core/fail.hpp>
#include <fanin/core/openblas.hpp>
#include <fanin/core/printable.hpp>
#include <fanin/core/sanitizer.hpp>

namespace fanin {
namespace {

// Where distributions keep the build for one thread, by full names: a bare libopenblas.so.0 is whichever
// build was chosen for the whole system, or the one that the program already has.
constexpr const char* usual_places[] = {
#ifdef __x86_64__
    "/usr/lib/x86_64-linux-gnu/openblas-serial/libopenblas.so.0",  // Debian, Ubuntu
#elif defined(__aarch64__)
    "/usr/lib/aarch64-linux-gnu/openblas-serial/libopenblas.so.0",
#endif
    "/usr/lib64/openblas-serial/libopenblas.so.0",  // openSUSE
    "/usr/lib64/libopenblas.so.0"};                 // Fedora

constexpr const char* variable = "FANIN_OPENBLAS";

// Its own functions first (RTLD_DEEPBIND), or it would call those of a BLAS that the program is linked with.
// The sanitizers do not know that flag.
#if FANIN_ASAN || FANIN_TSAN
constexpr int how = RTLD_NOW | RTLD_LOCAL;
#else
constexpr int how = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

struct Library {
  void* handle;
  std::string path;
};

void* address_in(const Library& library, const char* name) {
  if (void* found = ::dlsym(library.handle, name)) return found;
  fail("{} has no function {}; it is not OpenBLAS with LAPACK", printable(library.path), name);
}

int number_from(const Library& library, const char* name) {
  return reinterpret_cast<int (*)()>(address_in(library, name))();
}

Library load() {
  const char* chosen = std::getenv(variable);
  std::string path = chosen ? chosen : "";
  for (const char* place : usual_places) {
    if (path.empty() && ::access(place, F_OK) == 0) path = place;
  }
  if (path.empty()) {
    fail(
        "this needs OpenBLAS in its build for one thread, and there is none at {}: apt-get install libopenblas0-serial, "
        "or name the file by {}",
        usual_places[0], variable);
  }
  ::dlerror();
  void* handle = ::dlopen(path.c_str(), how);
  if (!handle) {
    const char* why = ::dlerror();
    throw Error(fmt::format("OpenBLAS cannot be loaded: {}", printable(why ? why : path)),
                chosen ? Blame::usage : Blame::run);
  }
  Library library{handle, path};
  if (number_from(library, "openblas_get_parallel") != 0 &&
      number_from(library, "openblas_get_num_threads") != 1) {
    fail(
        "{} is OpenBLAS built for threads, which would make results depend on their number: apt-get install "
        "libopenblas0-serial, or start with OPENBLAS_NUM_THREADS=1",
        printable(path));
  }
  return library;
}

/// It stays until the program ends. An Error is one of this call: the next one tries again.
const Library& loaded() {
  static const Library library = load();
  return library;
}

std::mutex turns;
bool served = false;  // whether it has its memory; under `turns`

/// What it takes: 128 MiB of addresses on x86-64, of which it touches what it needs.
constexpr std::size_t buffer_bytes = std::size_t{160} << 20;

}  // namespace

void* openblas_address(const char* name) { return address_in(loaded(), name); }

std::string openblas_text() {
  const auto config = reinterpret_cast<char* (*)()>(openblas_address("openblas_get_config"));
  return fmt::format("{}, {}", printable(config()), printable(loaded().path));
}

OpenBlasTurn::OpenBlasTurn() : lock_(turns) {
  if (served) return;
  void* trial = ::mmap(nullptr, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (trial == MAP_FAILED) {
    throw Error(fmt::format("OpenBLAS needs {} MiB of addresses, and the system gives none: {} (ulimit -v)",
                            buffer_bytes >> 20, std::strerror(errno)),
                Blame::memory);
  }
  ::munmap(trial, buffer_bytes);
  served = true;
}

}  // namespace fanin
