#include "examples/fanin/mpi_ranks.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include <fanin/core/fail.hpp>

namespace fanin::program {
namespace {

namespace fs = std::filesystem;

#ifdef FANIN_MPI
constexpr bool built_with_mpi = true;
#else
constexpr bool built_with_mpi = false;
#endif

/// Where the shared object lies: beside the program, or, installed, in the library folder of its prefix.
std::vector<std::string> places() {
  std::error_code none;
  const fs::path folder = fs::read_symlink("/proc/self/exe", none).parent_path();
  return {(folder / "libfanin_mpi.so").string(),
          (folder.parent_path() / "lib" / "fanin" / "libfanin_mpi.so").string()};
}

}  // namespace

const MpiCalls* open_mpi(std::string& why) {
  if (!built_with_mpi) {
    why = "this program was built without MPI (make MPI=1)";
    return nullptr;
  }
  for (const std::string& path : places()) {
    std::error_code none;
    if (!fs::exists(path, none)) continue;
    // global: Open MPI opens components of its own, which look for its names
    void* object = ::dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
    if (object == nullptr) {
      why = ::dlerror();
      return nullptr;
    }
    using Give = const MpiCalls* (*)();
    const auto give = reinterpret_cast<Give>(::dlsym(object, mpi_calls_name));
    const MpiCalls* calls = give ? give() : nullptr;
    if (calls != nullptr && calls->layout == mpi_layout) return calls;
    why = fmt::format("{}: it is not of this version of the program", path);
    return nullptr;
  }
  why = fmt::format("there is no {}", places().front());
  return nullptr;
}

std::string mpi_text() {
  std::string why;
  if (!built_with_mpi) return "none";
  const MpiCalls* calls = open_mpi(why);
  return calls ? calls->library() : "none: " + why;
}

MpiRanks::MpiRanks(const MpiCalls& calls) : calls_(calls) {
  char machine[256] = "";
  RankGroup& r = ranks_;
  check("join", calls.join(&r.rank, &r.size, &r.node_rank, &r.node_size, machine, sizeof machine));
  r.machine = machine;
  r.send = [this](int to, int tag, std::span<const std::byte> bytes) {
    check("send", calls_.send(to, tag, bytes.data(), bytes.size()));
  };
  r.waiting = [this]() -> std::optional<RankGroup::Waiting> {
    int found = 0;
    RankGroup::Waiting one{};
    check("probe", calls_.waiting(&found, &one.from, &one.tag, &one.size));
    if (found == 0) return std::nullopt;
    return one;
  };
  r.receive = [this](int from, int tag, std::span<std::byte> bytes) {
    check("receive", calls_.receive(from, tag, bytes.data(), bytes.size()));
  };
  r.start_send = [this](int to, int tag, std::span<const std::byte> bytes) {
    int message = 0;
    check("send", calls_.start_send(to, tag, bytes.data(), bytes.size(), &message));
    return message;
  };
  r.start_receive = [this](int from, int tag, std::span<std::byte> bytes) {
    int message = 0;
    check("receive", calls_.start_receive(from, tag, bytes.data(), bytes.size(), &message));
    return message;
  };
  r.done = [this](int message) {
    int ended = 0;
    check("test", calls_.done(message, &ended));
    return ended != 0;
  };
  r.gather = [this](const std::string& mine) { return gather(mine); };
  r.broadcast = [this](std::span<std::byte> bytes) {
    check("broadcast", calls_.broadcast(bytes.data(), bytes.size()));
  };
  r.share = [this](std::size_t bytes, const std::function<void(std::span<std::byte>)>& fill) {
    void* place = nullptr;
    std::size_t size = 0;
    check("share", calls_.share(bytes, &place, &size));
    const std::span<std::byte> window{static_cast<std::byte*>(place), size};
    if (ranks_.node_rank == 0) fill(window);
    check("barrier", calls_.node_barrier());
    return std::span<const std::byte>(window);
  };
}

void MpiRanks::check(const char* what, int error) const {
  if (error == 0) return;
  char text[512] = "";
  calls_.describe(error, text, sizeof text);
  fail("MPI: {} failed on rank {} ({}): {}; is a process of this job gone?", what, ranks_.rank,
       ranks_.machine, text);
}

std::vector<std::string> MpiRanks::gather(const std::string& mine) const {
  const auto count = static_cast<std::size_t>(ranks_.size);
  std::vector<std::size_t> sizes(count);
  check("gather", calls_.gather_sizes(mine.size(), sizes.data()));
  std::size_t total = 0;
  for (const std::size_t size : sizes) total += size;
  std::string all(total, '\0');
  check("gather", calls_.gather(mine.data(), sizes.data(), all.data()));
  std::vector<std::string> texts;
  std::size_t begin = 0;
  for (const std::size_t size : sizes) {
    texts.push_back(all.substr(begin, size));
    begin += size;
  }
  return texts;
}

}  // namespace fanin::program
