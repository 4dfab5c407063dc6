// A network's latency, where there is none: every message is kept back for a while before MPI gets it, and the sender
// goes on meanwhile. A small one is sent as far as the sender can see, a large one is once it has left, as with MPI
// itself. What to preload before the processes of one machine that are to pass for several (hosts.sh):
//   mpicc -O2 -shared -fPIC -o build/liblatency.so examples/cluster/latency.c
//   mpirun -x LD_PRELOAD=$PWD/build/liblatency.so -x LATENCY_US=50 …
// A message leaves at the sender's first call of MPI after its time, so a wait of the sender's comes on top.
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct Message {
  struct Message* next;
  double due;           // seconds
  MPI_Request request;  // once MPI has it
  MPI_Request outer;    // which the sender waits for; null: for nothing
  const void* bytes;    // its own, or the sender's
  int count, to, tag, begun;
  MPI_Datatype type;
  MPI_Comm comm;
  char copy[];
} Message;

// Bytes that MPI, too, takes in before the receiver is ready (btl_tcp_eager_limit).
static const size_t small = 64 * 1024;

static Message *first = NULL, **last = &first;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double latency(void) {
  static double seconds = -1;
  if (seconds < 0) {
    const char* text = getenv("LATENCY_US");
    seconds = text ? 1e-6 * atof(text) : 0;
  }
  return seconds;
}

// Hands MPI what is due, in order, and forgets what has arrived.
static void move_on(void) {
  const double at = now();
  for (Message** place = &first; *place;) {
    Message* one = *place;
    if (!one->begun) {
      if (one->due > at) return;
      PMPI_Isend(one->bytes, one->count, one->type, one->to, one->tag, one->comm, &one->request);
      one->begun = 1;
    }
    int done = 0;
    PMPI_Test(&one->request, &done, MPI_STATUS_IGNORE);
    if (!done) {
      place = &one->next;
      continue;
    }
    *place = one->next;
    if (last == &one->next) last = place;
    if (one->outer != MPI_REQUEST_NULL) PMPI_Grequest_complete(one->outer);
    free(one);
  }
}

static int say_nothing(void* state, MPI_Status* status) {
  (void)state;
  PMPI_Status_set_elements(status, MPI_BYTE, 0);
  PMPI_Status_set_cancelled(status, 0);
  return MPI_SUCCESS;
}
static int let_go(void* state) { return (void)state, MPI_SUCCESS; }
static int never_cancel(void* state, int complete) { return (void)state, (void)complete, MPI_SUCCESS; }

int MPI_Isend(const void* bytes, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm, MPI_Request* request) {
  int each = 0;
  PMPI_Type_size(type, &each);
  const size_t size = (size_t)count * (size_t)each;
  Message* one = malloc(sizeof *one + (size <= small ? size : 0));
  if (!one) return MPI_ERR_NO_MEM;
  *one = (Message){NULL, now() + latency(), MPI_REQUEST_NULL, MPI_REQUEST_NULL, bytes, count, to, tag, 0, type, comm};
  if (size <= small)
    one->bytes = memcpy(one->copy, bytes, size);
  else
    PMPI_Grequest_start(say_nothing, let_go, never_cancel, NULL, &one->outer);
  *request = one->outer;
  *last = one;
  last = &one->next;
  move_on();
  return MPI_SUCCESS;
}

int MPI_Test(MPI_Request* request, int* done, MPI_Status* status) {
  move_on();
  return PMPI_Test(request, done, status);
}

int MPI_Iprobe(int from, int tag, MPI_Comm comm, int* found, MPI_Status* status) {
  move_on();
  return PMPI_Iprobe(from, tag, comm, found, status);
}

// What blocks would keep back what others wait for.
static void clear(void) {
  while (first) move_on();
}

int MPI_Recv(void* bytes, int count, MPI_Datatype type, int from, int tag, MPI_Comm comm, MPI_Status* status) {
  clear();
  return PMPI_Recv(bytes, count, type, from, tag, comm, status);
}

int MPI_Comm_free(MPI_Comm* comm) {
  clear();
  return PMPI_Comm_free(comm);
}

int MPI_Finalize(void) {
  clear();
  return PMPI_Finalize();
}
