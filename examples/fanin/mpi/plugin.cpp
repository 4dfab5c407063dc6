// MPI for the program, as a shared object beside it: the only file that includes mpi.h.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#if __has_include(<mpi.h>)
#include <mpi.h>
#else  // as Debian has it for whoever does not ask mpicxx
#include <mpi/mpi.h>
#endif

#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <string>
#include <vector>

#include "examples/fanin/mpi/mpi_calls.hpp"

namespace {

using fanin::program::MpiCalls;

MPI_Comm messages = MPI_COMM_NULL, collective = MPI_COMM_NULL, node = MPI_COMM_NULL;
std::vector<MPI_Win> windows;

// Beyond an int's worth, which MPI 3 counts in, bytes are sent in pieces.
constexpr std::size_t piece = std::size_t{1} << 30;

const char* library() {
  static const std::string name = [] {
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length = 0;
    MPI_Get_library_version(text, &length);
    const std::string all(text, static_cast<std::size_t>(length));
    return all.substr(0, all.find_first_of(",\n"));
  }();
  return name.c_str();
}

int join(int* rank, int* size, int* node_rank, int* node_size, char* machine, int machine_size) {
  int level = 0;
  // One thread at a time calls it, but not always the one that joined.
  if (const int error = MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &level)) return error;
  if (level < MPI_THREAD_SERIALIZED) return MPI_ERR_OTHER;
  // Without this a peer that was killed would end the process before it has written what is finished.
  MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
  MPI_Comm_rank(MPI_COMM_WORLD, rank);
  MPI_Comm_size(MPI_COMM_WORLD, size);
  for (MPI_Comm* one : {&messages, &collective}) {
    if (const int error = MPI_Comm_dup(MPI_COMM_WORLD, one)) return error;
    MPI_Comm_set_errhandler(*one, MPI_ERRORS_RETURN);
  }
  if (const int error = MPI_Comm_split_type(collective, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node))
    return error;
  MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN);
  MPI_Comm_rank(node, node_rank);
  MPI_Comm_size(node, node_size);
  char name[MPI_MAX_PROCESSOR_NAME];
  int length = 0;
  MPI_Get_processor_name(name, &length);
  const auto kept = static_cast<std::size_t>(std::min(length, machine_size - 1));
  std::memcpy(machine, name, kept);
  machine[kept] = '\0';
  return 0;
}

int leave() {
  for (MPI_Win& window : windows) MPI_Win_free(&window);
  windows.clear();
  for (MPI_Comm* one : {&node, &collective, &messages}) MPI_Comm_free(one);
  return MPI_Finalize();
}

void abort_all(int code) { MPI_Abort(MPI_COMM_WORLD, code); }

void describe(int error, char* text, int text_size) {
  char whole[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(error, whole, &length) != MPI_SUCCESS) length = 0;
  const auto kept = static_cast<std::size_t>(std::min(length, text_size - 1));
  std::memcpy(text, whole, kept);
  text[kept] = '\0';
}

/// Messages that have begun, each at its number's place; those that have ended are null.
std::vector<MPI_Request> begun;

int place_of_next() {
  const auto free = std::find(begun.begin(), begun.end(), MPI_REQUEST_NULL);
  if (free != begun.end()) return static_cast<int>(free - begun.begin());
  begun.push_back(MPI_REQUEST_NULL);
  return static_cast<int>(begun.size() - 1);
}

int start_send(int to, int tag, const void* bytes, std::size_t size, int* message) {
  if (size > INT_MAX) return MPI_ERR_COUNT;
  *message = place_of_next();
  return MPI_Isend(bytes, static_cast<int>(size), MPI_BYTE, to, tag, messages,
                   &begun[static_cast<std::size_t>(*message)]);
}

int start_receive(int from, int tag, void* bytes, std::size_t size, int* message) {
  if (size > INT_MAX) return MPI_ERR_COUNT;
  *message = place_of_next();
  return MPI_Irecv(bytes, static_cast<int>(size), MPI_BYTE, from, tag, messages,
                   &begun[static_cast<std::size_t>(*message)]);
}

int done(int message, int* ended) {
  return MPI_Test(&begun[static_cast<std::size_t>(message)], ended, MPI_STATUS_IGNORE);
}

/// Sleeps while others are not ready, where MPI would spin: its core may be wanted, by a run or by whom it waits for.
int wait_for(MPI_Request& request) {
  int ended = 0;
  for (useconds_t pause = 10; true; pause = std::min(2 * pause, useconds_t{500})) {
    if (const int error = MPI_Test(&request, &ended, MPI_STATUS_IGNORE)) return error;
    if (ended != 0) return MPI_SUCCESS;
    ::usleep(pause);
  }
}

int send(int to, int tag, const void* bytes, std::size_t size) {
  int message = 0;
  if (const int error = start_send(to, tag, bytes, size, &message)) return error;
  return wait_for(begun[static_cast<std::size_t>(message)]);
}

int waiting(int* found, int* from, int* tag, std::size_t* size) {
  MPI_Status status;
  const int error = MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, messages, found, &status);
  if (error != MPI_SUCCESS || *found == 0) return error;
  int count = 0;
  MPI_Get_count(&status, MPI_BYTE, &count);
  *from = status.MPI_SOURCE;
  *tag = status.MPI_TAG;
  *size = static_cast<std::size_t>(count);
  return MPI_SUCCESS;
}

int receive(int from, int tag, void* bytes, std::size_t size) {
  if (size > INT_MAX) return MPI_ERR_COUNT;
  return MPI_Recv(bytes, static_cast<int>(size), MPI_BYTE, from, tag, messages, MPI_STATUS_IGNORE);
}

int gather_sizes(std::size_t mine, std::size_t* all) {
  static_assert(sizeof(std::size_t) == sizeof(unsigned long));
  MPI_Request request;
  if (const int error =
          MPI_Iallgather(&mine, 1, MPI_UNSIGNED_LONG, all, 1, MPI_UNSIGNED_LONG, collective, &request))
    return error;
  return wait_for(request);
}

int gather(const void* mine, const std::size_t* sizes, void* all) {
  int rank = 0, size = 0;
  MPI_Comm_rank(collective, &rank);
  MPI_Comm_size(collective, &size);
  std::vector<int> counts, places;
  std::size_t total = 0;
  for (int i = 0; i < size; ++i) {
    if (total + sizes[i] > INT_MAX) return MPI_ERR_COUNT;
    counts.push_back(static_cast<int>(sizes[i]));
    places.push_back(static_cast<int>(total));
    total += sizes[i];
  }
  MPI_Request request;
  if (const int error = MPI_Iallgatherv(mine, counts[static_cast<std::size_t>(rank)], MPI_BYTE, all,
                                        counts.data(), places.data(), MPI_BYTE, collective, &request))
    return error;
  return wait_for(request);
}

int broadcast(void* bytes, std::size_t size) {
  for (std::size_t done = 0; done < size; done += piece) {
    const int now = static_cast<int>(std::min(piece, size - done));
    MPI_Request request;
    if (const int error =
            MPI_Ibcast(static_cast<char*>(bytes) + done, now, MPI_BYTE, 0, collective, &request))
      return error;
    if (const int error = wait_for(request)) return error;
  }
  return MPI_SUCCESS;
}

int share(std::size_t bytes, void** place, std::size_t* size) {
  int rank = 0;
  MPI_Comm_rank(node, &rank);
  MPI_Win window;
  void* own = nullptr;
  const auto wanted = static_cast<MPI_Aint>(rank == 0 ? bytes : 0);
  if (const int error = MPI_Win_allocate_shared(wanted, 1, MPI_INFO_NULL, node, &own, &window)) return error;
  windows.push_back(window);
  MPI_Aint length = 0;
  int unit = 0;
  const int error = MPI_Win_shared_query(window, 0, &length, &unit, place);
  *size = static_cast<std::size_t>(length);
  return error;
}

int node_barrier() {
  MPI_Request request;
  if (const int error = MPI_Ibarrier(node, &request)) return error;
  return wait_for(request);
}

}  // namespace

extern "C" const MpiCalls* fanin_mpi_calls() {
  static const MpiCalls calls = {fanin::program::mpi_layout,
                                 library,
                                 join,
                                 leave,
                                 abort_all,
                                 describe,
                                 send,
                                 waiting,
                                 receive,
                                 start_send,
                                 start_receive,
                                 done,
                                 gather_sizes,
                                 gather,
                                 broadcast,
                                 share,
                                 node_barrier};
  return &calls;
}
