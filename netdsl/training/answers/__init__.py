"""What a trained net says: opened from its files, alone or with others, of photographs and of the test part."""
