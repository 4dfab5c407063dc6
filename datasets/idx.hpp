#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <fanin/data/dataset.hpp>

namespace fanin::datasets {

/// What an IDX file holds (LeCun's format: 00 00 type rank, then big-endian 32-bit sizes, then elements).
struct IdxArray {
  std::vector<Index> sizes;
  std::vector<std::uint8_t> bytes;
};

/// Reads an IDX file's content, plain or gzip (told by its first bytes, not its name): for rank 3 images of
/// unsigned bytes, for rank 1 labels of whole numbers of 1, 2 or 4 bytes, also in the columns of QMNIST. What
/// the header promises is checked against the true length, or where that is not known costs 64 MiB at most
/// before the data are there, so a hostile file costs what it truly holds. Error naming `path`, what was
/// expected and, in the words of `how_to_get`, what to do.
IdxArray parse_idx(std::vector<std::uint8_t> content, int rank, const std::string& path,
                   const std::string& how_to_get = "");

/// The same from a file, read piece by piece where it is large: in memory it takes what it holds and 64 MiB
/// at most.
IdxArray read_idx(const std::string& path, int rank, const std::string& how_to_get = "");

constexpr int most_idx_classes = 65536;

/// Images (rank 3) and labels (rank 1) as a dataset without mean and stddev. Labels must be below `classes`;
/// `classes` 0 stands for the largest label + 1.
data::Dataset read_idx_dataset(const std::string& images_path, const std::string& labels_path, int classes,
                               const std::string& how_to_get = "");

}  // namespace fanin::datasets
