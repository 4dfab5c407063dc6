#pragma once
#include <mutex>
#include <string>

namespace fanin {

/// OpenBLAS's build for one thread (Debian's libopenblas0-serial), loaded at the first call and never before:
/// its build for threads starts them while it is loaded, in programs that have no use for it. It is loaded
/// beside whatever BLAS the program itself is linked with, sees nothing of that one, and nothing is set in
/// either. The variable FANIN_OPENBLAS names another file to load.
///
/// The address of a function of it by its Fortran name: "dgesdd_". Error that says what to install where
/// there is none, or only one that would use threads.
void* openblas_address(const char* name);

/// The same, as a function: `openblas_function<void(const int*)>("dlaset_")`.
template <class Function>
Function* openblas_function(const char* name) {
  return reinterpret_cast<Function*>(openblas_address(name));
}

/// "OpenBLAS 0.3.21 … Zen SINGLE_THREADED, /usr/lib/…"; loads it, Error as above.
std::string openblas_text();

/// To be held while OpenBLAS computes: one thread at a time, the others wait. Its build for one thread hands
/// out scratch memory without a lock (0.3.21), so that two threads may get the same and compute nonsense. It
/// also waits for ever where the system refuses it that memory, so the first turn asks whether there is any;
/// Error where not.
class OpenBlasTurn {
 public:
  OpenBlasTurn();
  OpenBlasTurn(const OpenBlasTurn&) = delete;
  OpenBlasTurn& operator=(const OpenBlasTurn&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace fanin
