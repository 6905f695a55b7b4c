"""One value of any make, as Python has it, to messages; texts that hold conversations too."""
