#pragma once
#include <cstddef>

namespace fanin::program {

/// What the program asks of MPI, as plain functions of a shared object that it opens when a launcher started
/// it, and only then: the program itself is linked with no MPI and starts as fast without one. All but
/// `library` return 0, or MPI's error code, which `describe` puts into words.
struct MpiCalls {
  int layout;                ///< `mpi_layout` of the program that it was made for
  const char* (*library)();  ///< "Open MPI v4.1.4"

  int (*join)(int* rank, int* size, int* node_rank, int* node_size, char* machine, int machine_size);
  int (*leave)();
  void (*abort)(int code);
  void (*describe)(int error, char* text, int text_size);

  int (*send)(int to, int tag, const void* bytes, std::size_t size);
  /// Sets `found`, and if there is one the others, of a message from anybody.
  int (*waiting)(int* found, int* from, int* tag, std::size_t* size);
  int (*receive)(int from, int tag, void* bytes, std::size_t size);
  /// As `send` and `receive`, but they only begin; `done` says whether message number `message` has ended.
  int (*start_send)(int to, int tag, const void* bytes, std::size_t size, int* message);
  int (*start_receive)(int from, int tag, void* bytes, std::size_t size, int* message);
  int (*done)(int message, int* ended);
  int (*gather_sizes)(std::size_t mine, std::size_t* all);
  /// Into `all`, everybody's bytes one behind the other, as many as `sizes` says.
  int (*gather)(const void* mine, const std::size_t* sizes, void* all);
  int (*broadcast)(void* bytes, std::size_t size);
  /// A shared window of the machine: as many bytes as its first rank asks for.
  int (*share)(std::size_t bytes, void** place, std::size_t* size);
  int (*node_barrier)();
};

constexpr int mpi_layout = 1;

/// The name of the function, of C linkage, that gives them: `const MpiCalls* fanin_mpi_calls()`.
constexpr const char* mpi_calls_name = "fanin_mpi_calls";

}  // namespace fanin::program
