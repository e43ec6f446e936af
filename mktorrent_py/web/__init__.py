"""What the seeder's status page and the tracker's pages share."""
