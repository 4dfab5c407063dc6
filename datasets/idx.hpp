#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/data/dataset.hpp"

namespace fanin {

/// What an IDX file of unsigned bytes holds (LeCun's format: 00 00 08 rank, then big-endian 32-bit sizes,
/// then bytes).
struct IdxArray {
  std::vector<Index> sizes;
  std::vector<std::uint8_t> bytes;
};

/// Reads `rank`-dimensional IDX, plain or gzip (told by its first bytes, not its name). The header is checked
/// against the true length before anything of the promised size is allocated, so a hostile file costs no more
/// than itself. Error naming `path`, what was expected and, in the words of `how_to_get`, what to do.
IdxArray read_idx(const std::string& path, int rank, const std::string& how_to_get = "");
/// The same from a file's content; `path` only names it.
IdxArray parse_idx(std::vector<std::uint8_t> content, int rank, const std::string& path,
                   const std::string& how_to_get = "");

/// Images (rank 3) and labels (rank 1) as a dataset without mean and stddev. Labels must be below `classes`;
/// `classes` 0 stands for the largest label + 1.
Dataset read_idx_dataset(const std::string& images_path, const std::string& labels_path, int classes,
                         const std::string& how_to_get = "");

}  // namespace fanin
