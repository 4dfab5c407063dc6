#include "framework/train/checkpoint_folder.hpp"

#include <charconv>
#include <filesystem>

#include "framework/core/error.hpp"

namespace fanin::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view stem = "step-", extension = ".safetensors";

/// The step in "step-00001200.safetensors"; −1 for another name.
Index step_of(std::string_view name) {
  if (!name.starts_with(stem) || !name.ends_with(extension) || name.size() <= stem.size() + extension.size()) return -1;
  const std::string_view digits = name.substr(stem.size(), name.size() - stem.size() - extension.size());
  Index step = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  return status == std::errc() && end == digits.data() + digits.size() ? step : -1;
}

/// What a process that was killed while it saved left behind.
bool is_leftover(std::string_view name) {
  const auto temporary = name.find(".safetensors.tmp.");
  return temporary != std::string_view::npos && (name.starts_with(stem) || name.starts_with("best."));
}

}  // namespace

CheckpointFolder::CheckpointFolder(const CheckpointOptions& options, Settings settings)
    : options_(options), settings_(std::move(settings)) {
  if (options.keep < 1) fail_usage("checkpoints: keep must be at least 1, got {}", options.keep);
  if (options.every_steps < 0) fail_usage("checkpoints: every_steps must be at least 0, got {}", options.every_steps);
  std::error_code failed;
  fs::create_directories(options.folder, failed);
  if (failed || !fs::is_directory(options.folder)) {
    fail("{}: cannot make this folder for checkpoints: {}", options.folder, failed ? failed.message() : "it is a file");
  }
  lock_.emplace(options.folder, "checkpoints");
  const auto there = checkpoints();
  if (!there.empty() && !options.resume) {
    fail_usage("{} already holds checkpoints, the newest of step {}: resume from it (--resume), or choose another folder", options.folder,
               there.rbegin()->first);
  }
  std::vector<fs::path> leftovers;
  for (const auto& entry : fs::directory_iterator(options.folder, failed)) {
    if (is_leftover(entry.path().filename().string())) leftovers.push_back(entry.path());
  }
  for (const auto& path : leftovers) fs::remove(path, failed);
}

std::map<Index, std::string> CheckpointFolder::checkpoints() const {
  std::map<Index, std::string> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(options_.folder, failed)) {
    const Index step = step_of(entry.path().filename().string());
    if (step >= 0) found.emplace(step, entry.path().string());
  }
  if (failed) fail("{}: cannot list this folder: {}", options_.folder, failed.message());
  return found;
}

void CheckpointFolder::tell(const std::string& notice) const {
  if (options_.on_notice) options_.on_notice(notice);
}

bool CheckpointFolder::resume(const RunParts& run) {
  const auto found = checkpoints();
  if (found.empty()) {
    tell(fmt::format("no checkpoint in {} yet: starting from the beginning", options_.folder));
    return false;
  }
  std::string damage;
  for (auto at = found.rbegin(); at != found.rend(); ++at) {
    TensorFile file;
    try {
      file = read_checkpoint(at->second);
    } catch (const Error& error) {
      if (damage.empty()) damage = error.what();
      tell(fmt::format("passing over a checkpoint: {}", error.what()));
      continue;
    }
    restore_checkpoint(file, run, settings_, options_.metadata);
    tell(fmt::format("resuming from {} ({} steps, {} epochs done)", at->second, run.state.step, run.state.position.epoch));
    return true;
  }
  fail("no checkpoint in {} can be read, the newest because: {}", options_.folder, damage);
}

void CheckpointFolder::save(const RunParts& run) {
  const std::string name = fmt::format("{}{:08}{}", stem, run.state.step, extension);
  save_checkpoint((fs::path(options_.folder) / name).string(), run, settings_, options_.metadata);
  auto there = checkpoints();
  std::error_code ignored;
  while (there.size() > static_cast<std::size_t>(options_.keep)) {
    fs::remove(there.begin()->second, ignored);
    there.erase(there.begin());
  }
}

void CheckpointFolder::save_best(const RunParts& run) {
  save_checkpoint((fs::path(options_.folder) / "best.safetensors").string(), run, settings_, options_.metadata);
}

}  // namespace fanin::train
