#pragma once
#include <string>

#include <fanin/datasets.hpp>

namespace fanin::datasets {

/// CIFAR-10 (Krizhevsky 2009) in its binary version: data_batch_1.bin … data_batch_5.bin and test_batch.bin,
/// each a row of records of one label byte and 3·32·32 bytes of CHW colour. Looked for as the folder
/// `cifar10` or `cifar-10-batches-bin`. Error for a missing or cut file, or a label above 9.
data::Dataset load_cifar10(Split split);
data::Dataset load_cifar10_folder(const std::string& folder, Split split);

}  // namespace fanin::datasets
