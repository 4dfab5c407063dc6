#pragma once
#include <string>
#include <vector>

#include <fanin/compare/results.hpp>
#include <fanin/compare/table.hpp>

namespace fanin::compare {

/// @{
/// One model's tables: its summary at one kind of learning rate, best mean first; what each scheme means in
/// full, what the probe saw before any training and when such a scheme fails; runs that diverged, failed or
/// were interrupted. Without rows where there is nothing to say.
Table summary_table_of(const Comparison& comparison, const std::string& model, RatePick rate);
Table schemes_table(const Comparison& comparison, const std::string& model);
Table incidents_table(const Comparison& comparison, const std::string& model);
/// @}

/// All of them that have rows, in the order of the page.
std::vector<Table> tables(const Comparison& comparison, const std::string& model);

/// The table as HTML; rows of a scheme begin with its look.
std::string table_html(const Table& table, const Comparison& comparison);

}  // namespace fanin::compare
