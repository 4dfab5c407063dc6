#include "datasets/image_decoder.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>

#include <fanin/core/fail.hpp>
#include <fanin/core/near_file.hpp>
#include <fanin/core/printable.hpp>

#include "datasets/image_kind.hpp"
#include "datasets/sandbox.hpp"

namespace fanin::datasets {
namespace {

constexpr unsigned seconds_per_image = 30;  // of processor time
constexpr int most_wall_seconds = 300;      // on a machine that is busy
constexpr std::uint64_t decoder_memory = std::uint64_t{512} << 20;
constexpr std::uint32_t longest_message = 4096;
constexpr int most_deaths = 20;

/// What the child says of each file: pixels, or the message of an Error.
enum class Answer : std::uint8_t { pixels = 'p', error = 'e' };

bool read_all(int file, void* bytes, std::size_t size) {
  for (char* at = static_cast<char*>(bytes); size > 0;) {
    const ssize_t got = read(file, at, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
  return true;
}

bool write_all(int file, const void* bytes, std::size_t size) {
  for (const char* at = static_cast<const char*>(bytes); size > 0;) {
    const ssize_t written = write(file, at, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
  return true;
}

void answer_one(int socket, std::uint64_t size, const ImageForm& form) {
  std::string message;
  try {
    std::vector<std::uint8_t> file(size);
    if (!read_all(socket, file.data(), size)) _exit(0);
    const auto pixels = decode_image(file, "", form);
    const Answer answer = Answer::pixels;
    if (!write_all(socket, &answer, 1) || !write_all(socket, pixels.data(), pixels.size())) _exit(0);
    return;
  } catch (const Error& error) {
    message = error.what();
  } catch (const std::bad_alloc&) {
    message = fmt::format(": it takes more than {} MiB to decode", decoder_memory >> 20);
  }
  const Answer answer = Answer::error;
  message.resize(std::min<std::size_t>(message.size(), longest_message));
  const auto length = static_cast<std::uint32_t>(message.size());
  if (!write_all(socket, &answer, 1) || !write_all(socket, &length, sizeof length) ||
      !write_all(socket, message.data(), length))
    _exit(0);
}

/// The child and the way to it; gone with its scope.
class Child {
 public:
  Child(const ImageForm& form, const DecoderBody& body) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      fail("cannot open a socket to decode images: {}", std::strerror(errno));
    space_ = address_space();
    pid_ = fork();
    if (pid_ == 0) {
      for (const int signal : {SIGPIPE, SIGXCPU, SIGTERM, SIGINT}) std::signal(signal, SIG_DFL);
      body(ends[1], form);
      _exit(0);
    }
    const int reason = errno;
    close(ends[1]);
    socket_ = ends[0];
    if (pid_ > 0) {
      receive(&confined_, 1);
      return;
    }
    close(socket_);
    fail("cannot start a process to decode images: {}", std::strerror(reason));
  }
  ~Child() {
    close(socket_);
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  bool confined() const { return confined_ != 0; }

  /// Before each file: what it may take.
  void limit(std::uint64_t file_size) const {
    limit_process(pid_, space_ > 0 ? space_ + file_size + decoder_memory : 0, seconds_per_image);
  }

  bool send(const void* bytes, std::size_t size) const {
    for (const char* at = static_cast<const char*>(bytes); size > 0;) {
      const ssize_t sent = ::send(socket_, at, size, MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return false;
      at += sent;
      size -= static_cast<std::size_t>(sent);
    }
    return true;
  }

  bool receive(void* bytes, std::size_t size) {
    using Clock = std::chrono::steady_clock;
    const auto until = Clock::now() + std::chrono::seconds(most_wall_seconds);
    for (char* at = static_cast<char*>(bytes); size > 0;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
      pollfd waiting{.fd = socket_, .events = POLLIN, .revents = 0};
      const int ready = left > 0 ? poll(&waiting, 1, static_cast<int>(left)) : 0;
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) {
        late_ = true;
        kill(pid_, SIGKILL);
        return false;
      }
      const ssize_t got = recv(socket_, at, size, 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      at += got;
      size -= static_cast<std::size_t>(got);
    }
    return true;
  }

  /// Ends it: what it says makes no sense, so that it may never end by itself.
  void stop() {
    broken_ = true;
    kill(pid_, SIGKILL);
  }

  /// Waits for its end and says what became of it, for a message.
  std::string wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (broken_) return "its decoder gave an answer that makes no sense";
    if (late_ || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)))
      return fmt::format("it takes more than {} s to decode", seconds_per_image);
    if (WIFSIGNALED(status)) return fmt::format("its decoder died of signal {}", WTERMSIG(status));
    return "its decoder gave up";
  }

 private:
  pid_t pid_ = -1;
  int socket_ = -1;
  std::uint64_t space_ = 0;
  std::uint8_t confined_ = 1;
  bool late_ = false, broken_ = false;
};

/// A regular file that is open for reading.
class ImageFile {
 public:
  ImageFile(const std::string& path, const std::string& shown)
      : file_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {
    if (const int reason = errno; file_ < 0)
      fail("{}: cannot be opened: {}{}", shown, std::strerror(reason),
           reason == ENOENT ? suggest_file(path) : "");
    struct stat status {};
    const bool known = fstat(file_, &status) == 0;
    size_ = known ? static_cast<std::uint64_t>(status.st_size) : 0;
    const bool regular = known && S_ISREG(status.st_mode);
    if (regular && size_ > 0 && size_ <= most_image_file_bytes) return;
    close(file_);
    if (!regular) fail("{}: not a file, expected a {} image", shown, readable_kinds);
    if (size_ == 0) fail("{}: cannot be read as a {} image (it is an empty file)", shown, readable_kinds);
    fail("{}: an image file of {} bytes is too large, at most {} are read", shown, size_,
         most_image_file_bytes);
  }
  ~ImageFile() { close(file_); }
  ImageFile(const ImageFile&) = delete;
  ImageFile& operator=(const ImageFile&) = delete;

  std::uint64_t size() const { return size_; }
  /// Hands the content on; zeros in place of what has gone since. Whether the child took it.
  bool send_to(const Child& child) const {
    std::vector<char> buffer(std::size_t{1} << 16);
    if (!child.send(&size_, sizeof size_)) return false;
    for (std::uint64_t left = size_; left > 0;) {
      const std::size_t part = std::min<std::uint64_t>(left, buffer.size());
      if (!read_all(file_, buffer.data(), part)) std::memset(buffer.data(), 0, part);
      if (!child.send(buffer.data(), part)) return false;
      left -= part;
    }
    return true;
  }

 private:
  int file_;
  std::uint64_t size_ = 0;
};

/// One image's pixels into `out`; what is wrong with it otherwise, and whether the child has gone.
std::string decode_one(Child& child, const std::string& path, std::span<std::uint8_t> out, bool& gone) {
  const std::string shown = printable(path);
  try {
    const ImageFile file(path, shown);
    child.limit(file.size());
    Answer answer{};
    if (file.send_to(child) && child.receive(&answer, 1)) {
      std::uint32_t length = 0;
      if (answer == Answer::pixels) {
        if (child.receive(out.data(), out.size())) return "";
      } else if (answer != Answer::error) {
        child.stop();
      } else if (child.receive(&length, sizeof length)) {
        std::string message(std::min(length, longest_message), '\0');
        if (length > longest_message)
          child.stop();
        else if (child.receive(message.data(), length))
          return shown + printable(message);
      }
    }
  } catch (const Error& error) {
    return error.what();
  }
  gone = true;
  return fmt::format("{}: broken image ({})", shown, child.wait());
}

}  // namespace

void serve_images(int socket, const ImageForm& form) {
  const std::uint8_t confined = enter_sandbox(socket) ? 1 : 0;
  std::uint64_t size = 0;
  if (!write_all(socket, &confined, 1)) return;
  while (read_all(socket, &size, sizeof size)) answer_one(socket, size, form);
}

DecodedImages decode_images(Index count, const std::function<std::string(Index)>& path, const ImageForm& form,
                            BadImages& bad, const DecoderBody& body) {
  const auto size = static_cast<std::size_t>(form.channels * form.height * form.width);
  DecodedImages images;
  if (count == 0) return images;
  images.pixels.reserve(size * static_cast<std::size_t>(count));
  std::optional<Child> child;
  int deaths = 0;
  for (Index i = 0; i < count; ++i) {
    if (!child) child.emplace(form, body);
    images.confined = images.confined && child->confined();
    ++bad.tried;
    const std::size_t before = images.pixels.size();
    images.pixels.resize(before + size);
    bool gone = false;
    const std::string wrong = decode_one(*child, path(i), std::span(images.pixels).subspan(before), gone);
    if (wrong.empty()) {
      images.kept.push_back(i);
      continue;
    }
    images.pixels.resize(before);
    bad.add(wrong);
    if (gone) child.reset();
    if (gone && ++deaths == most_deaths && !bad.skipped)
      fail("{} images brought their decoder down: {}", deaths, bad.summary());
  }
  return images;
}

}  // namespace fanin::datasets
