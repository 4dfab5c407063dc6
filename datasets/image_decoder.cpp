#include "datasets/image_decoder.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <new>

#include "datasets/stb.hpp"
#include "framework/core/error.hpp"

namespace fanin {
namespace {

constexpr unsigned seconds_per_image = 30;
constexpr std::size_t longest_message = 4096;

/// What the child says of each file: pixels, or the message of an Error.
enum class Answer : std::uint8_t { pixels = 'p', error = 'e' };

bool write_all(int pipe, const void* bytes, std::size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t written = write(pipe, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

/// Reads until `size` bytes are there or the other side has ended; returns how many there were.
std::size_t read_all(int pipe, void* bytes, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = read(pipe, static_cast<char*>(bytes) + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

[[noreturn]] void decode_in_child(int pipe, std::span<const std::string> paths, Index channels, Index height,
                                  Index width) {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  std::signal(SIGALRM, SIG_DFL);
  std::signal(SIGPIPE, SIG_DFL);
  for (const std::string& path : paths) {
    alarm(seconds_per_image);
    std::string message;
    try {
      const auto pixels = decode_image(path, channels, height, width);
      const Answer answer = Answer::pixels;
      if (!write_all(pipe, &answer, 1) || !write_all(pipe, pixels.data(), pixels.size())) _exit(1);
      continue;
    } catch (const Error& error) {
      message = error.what();
    } catch (const std::bad_alloc&) {
      message = path + ": too little memory to decode it";
    }
    const Answer answer = Answer::error;
    message.resize(std::min(message.size(), longest_message));
    if (write_all(pipe, &answer, 1)) write_all(pipe, message.data(), message.size());
    _exit(0);
  }
  _exit(0);
}

/// The child and the pipe from it; gone with its scope.
class Child {
 public:
  Child(std::span<const std::string> paths, Index channels, Index height, Index width) {
    int ends[2];
    if (pipe(ends) != 0) fail("cannot open a pipe to decode images: {}", std::strerror(errno));
    pid_ = fork();
    if (pid_ == 0) {
      close(ends[0]);
      decode_in_child(ends[1], paths, channels, height, width);
    }
    const int reason = errno;
    close(ends[1]);
    pipe_ = ends[0];
    if (pid_ > 0) return;
    close(pipe_);
    fail("cannot start a process to decode images: {}", std::strerror(reason));
  }
  ~Child() {
    close(pipe_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  std::size_t read(void* bytes, std::size_t size) const { return read_all(pipe_, bytes, size); }
  /// Waits for its end and says what became of it, for a message.
  std::string wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
      return fmt::format("it takes more than {} s to decode", seconds_per_image);
    if (WIFSIGNALED(status)) return fmt::format("its decoder died of signal {}", WTERMSIG(status));
    return "its decoder gave up";
  }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

}  // namespace

std::vector<std::uint8_t> decode_images(std::span<const std::string> paths, Index channels, Index height,
                                        Index width) {
  const auto size = static_cast<std::size_t>(channels * height * width);
  std::vector<std::uint8_t> images;
  if (paths.empty()) return images;
  images.reserve(size * paths.size());
  Child child(paths, channels, height, width);
  for (const std::string& path : paths) {
    Answer answer{};
    if (child.read(&answer, 1) == 1 && answer == Answer::pixels) {
      images.resize(images.size() + size);
      if (child.read(images.data() + images.size() - size, size) == size) continue;
    } else if (answer == Answer::error) {
      std::string message(longest_message, '\0');
      message.resize(child.read(message.data(), message.size()));
      throw Error(message);
    }
    fail("{}: broken image ({})", path, child.wait());
  }
  return images;
}

}  // namespace fanin
