#include <charconv>
#include <filesystem>

#include <fanin/core/fail.hpp>
#include <fanin/io/atomic_file.hpp>
#include <fanin/train/checkpoint_folder.hpp>

namespace fanin::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view stem = "step-", extension = ".safetensors", best_name = "best.safetensors";

/// The step in "step-00001200.safetensors"; −1 for another name.
Index step_of(std::string_view name) {
  if (!name.starts_with(stem) || !name.ends_with(extension) || name.size() <= stem.size() + extension.size())
    return -1;
  const std::string_view digits = name.substr(stem.size(), name.size() - stem.size() - extension.size());
  Index step = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  return status == std::errc() && end == digits.data() + digits.size() ? step : -1;
}

}  // namespace

std::map<std::string, std::string> metadata_of(const CheckpointOptions& options) {
  std::map<std::string, std::string> all = options.metadata;
  all.insert(options.provenance.begin(), options.provenance.end());
  return all;
}

CheckpointFolder::CheckpointFolder(const CheckpointOptions& options, SettingTexts settings,
                                   std::function<bool(const io::TensorFile&)> works)
    : options_(options),
      metadata_(metadata_of(options)),
      settings_(std::move(settings)),
      works_(std::move(works)) {
  if (options.keep < 1) fail_usage("checkpoints: keep must be at least 1, got {}", options.keep);
  if (options.every_steps < 0)
    fail_usage("checkpoints: every_steps must be at least 0, got {}", options.every_steps);
  if (options.follow) return;
  std::error_code failed;
  fs::create_directories(options.folder, failed);
  if (failed || !fs::is_directory(options.folder)) {
    fail("{}: cannot make this folder for checkpoints: {}", options.folder,
         failed ? failed.message() : "it is a file");
  }
  lock_.emplace(options.folder, "checkpoints");
  const auto there = checkpoints();
  if (!there.empty() && !options.resume) {
    fail_usage(
        "{} already holds checkpoints, the newest of step {}: resume from it (--resume), or choose another folder",
        options.folder, there.rbegin()->first);
  }
  io::remove_abandoned(options.folder);
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
    io::TensorFile file;
    try {
      file = read_checkpoint(at->second);
    } catch (const Error& error) {
      if (damage.empty()) damage = error.what();
      tell(fmt::format("passing over a checkpoint: {}", error.what()));
      continue;
    }
    try {
      restore_checkpoint(file, run, settings_, options_.metadata);
    } catch (const Error& error) {
      if (error.blame() != Blame::usage) throw;
      const std::string usable = newest_that_works();
      if (usable.empty())
        fail_usage("{}; no checkpoint there holds weights that predict anything", error.what());
      fail_usage("{}; or train its weights on under the new options: fanin finetune --from {} --keep-head",
                 error.what(), usable);
    }
    add_machines(file);
    tell(fmt::format("resuming from {} ({} steps, {} epochs done)", at->second, run.state.step,
                     run.state.position.epoch));
    return true;
  }
  fail("no checkpoint in {} can be read, the newest because: {}", options_.folder, damage);
}

void CheckpointFolder::add_machines(const io::TensorFile& earlier) {
  for (const char* what : {"cpu", "isa"}) {
    const auto here = metadata_.find(what);
    const auto then = earlier.metadata.find(what);
    if (here == metadata_.end() || then == earlier.metadata.end()) continue;
    const bool known = ("; " + then->second + "; ").find("; " + here->second + "; ") != std::string::npos;
    here->second = known ? then->second : then->second + "; " + here->second;
  }
}

std::string CheckpointFolder::newest_that_works() const {
  std::vector<std::string> paths;
  for (const auto& [step, path] : checkpoints()) paths.insert(paths.begin(), path);
  paths.push_back((fs::path(options_.folder) / best_name).string());
  for (const auto& path : paths) {
    try {
      if (works_(read_checkpoint(path))) return path;
    } catch (const Error&) {
      // damaged, or no best epoch was kept
    }
  }
  return {};
}

void CheckpointFolder::save(const RunParts& run) {
  if (options_.follow) return;
  const std::string name = fmt::format("{}{:08}{}", stem, run.state.step, extension);
  save_checkpoint((fs::path(options_.folder) / name).string(), run, settings_, metadata_);
  auto there = checkpoints();
  std::error_code ignored;
  while (there.size() > static_cast<std::size_t>(options_.keep)) {
    fs::remove(there.begin()->second, ignored);
    there.erase(there.begin());
  }
}

void CheckpointFolder::save_best(const RunParts& run) {
  if (options_.follow) return;
  save_checkpoint((fs::path(options_.folder) / best_name).string(), run, settings_, metadata_);
}

}  // namespace fanin::train
